// An image of a data set as a picture.
#pragma once

#include <tinynet/data/dataset.hpp>
#include <tinynet/plot/picture.hpp>

namespace mnist {

/// White on black, as MNIST has them.
inline tinynet::Picture image_picture(const tinynet::Dataset& data, tinynet::Index index) {
  const tinynet::Images& images = data.images;
  return tinynet::grey_picture({images.data() + index * images.cols(), static_cast<std::size_t>(images.cols())},
                               images.height(), images.width());
}

}  // namespace mnist
