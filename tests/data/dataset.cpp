#include <doctest/doctest.h>

#include <tinynet/data/dataset.hpp>
#include <vector>

using namespace tinynet;

TEST_CASE("pictures are rows of pixels") {
  const Images images({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 2, 2, 3);
  CHECK(images.size() == 2);
  CHECK(images.rows() == 2);
  CHECK(images.cols() == 6);
  CHECK(images.height() == 2);
  CHECK(images.width() == 3);
  CHECK(images.matrix() == Matrix<std::uint8_t, 2, 6>{{1, 2, 3, 4, 5, 6}, {7, 8, 9, 10, 11, 12}});
}

TEST_CASE("copies share the pixels, and outlive the original") {
  const std::uint8_t* data = nullptr;
  Images copy;
  CHECK(copy.size() == 0);
  {
    const Images images({1, 2, 3, 4}, 2, 1, 2);
    copy = images;
    data = images.data();
  }
  CHECK(copy.data() == data);
  CHECK(copy.matrix()(1, 1) == 4);
}

TEST_CASE("a selection of pictures") {
  const Images images({1, 2, 3, 4, 5, 6}, 3, 1, 2);
  const std::vector<Index> which{2, 0, 2};
  const RowSelection selected = images(which);
  CHECK(selected.size() == 3);
  std::vector<float> copy(6);
  selected.as_rows().load(0, 3, copy.data());
  CHECK(copy == std::vector<float>{5, 6, 1, 2, 5, 6});
  const std::vector<Index> beyond{3}, negative{-1};
  CHECK_THROWS_WITH_AS(images(beyond), "Rows: row 3 of 3 was asked for", Error);
  CHECK_THROWS_WITH_AS(images(negative), "Rows: row -1 of 3 was asked for", Error);
}

TEST_CASE("nothing selected is no rows, not all") {
  const Images images({1, 2, 3, 4, 5, 6}, 3, 1, 2);
  const std::vector<Index> none;
  CHECK(images(none).size() == 0);
}

TEST_CASE("the number of pixels must fit") {
  CHECK_THROWS_WITH_AS(Images({1, 2, 3}, 2, 1, 2), "Images: wrong number of pixels; expected 4, found 3", Error);
}

TEST_CASE("a data set is as large as its images") {
  const Dataset data{Images({1, 2, 3, 4}, 2, 1, 2), {7, 9}};
  CHECK(data.size() == 2);
  CHECK(data.labels[1] == 9);
}
