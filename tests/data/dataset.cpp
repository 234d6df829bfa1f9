#include <doctest/doctest.h>

#include <array>
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

namespace {

std::vector<float> read(const RowSelection& x) {
  std::vector<float> copy(static_cast<std::size_t>(x.as_rows().shape().size()));
  x.as_rows().load(0, x.size(), copy.data());
  return copy;
}

}  // namespace

TEST_CASE("lists of rows that are temporaries are kept, and so are the pictures") {
  const auto make = [] { return Images({1, 2, 3, 4, 5, 6}, 3, 1, 2); };
  const Images images = make();
  const RowSelection some = images(std::vector<Index>{2, 0}), listed = images({2, 0});
  const RowSelection fixed = images(std::array<Index, 2>{2, 0}), all = make() * 2,
                     part = make()({2, 0}).middle_rows(1, 1);
  const std::vector<std::vector<Index>> others(20, std::vector<Index>{1, 1});  // where the lists would have been
  CHECK(read(some) == std::vector<float>{5, 6, 1, 2});
  CHECK(read(listed) == std::vector<float>{5, 6, 1, 2});
  CHECK(read(fixed) == std::vector<float>{5, 6, 1, 2});
  CHECK(read(all) == std::vector<float>{2, 4, 6, 8, 10, 12});
  CHECK(read(part) == std::vector<float>{1, 2});
  const auto& matrix = make().matrix();
  CHECK(matrix(2, 1) == 6);
}

TEST_CASE("pictures are multiplied and divided from either side") {
  const Images images({1, 2, 3, 4, 5, 6}, 3, 1, 2);
  CHECK(read(images * 2) == read(2 * images));
  CHECK(read(images / 2) == read(images * 0.5));
  CHECK(read(2 * images({1})) == std::vector<float>{6, 8});
  CHECK(read(images({1}) / 2) == std::vector<float>{1.5, 2});
}
