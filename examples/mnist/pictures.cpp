#include "pictures.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <tinynet/plot/confusion.hpp>

#include "characters.hpp"
#include "image_picture.hpp"
#include "words.hpp"

namespace mnist {

using tinynet::Picture;

std::vector<Picture> neuron_pictures(Model& model, Index height, Index width) {
  const auto tensors = model.weights();
  const auto& first = tensors.front();  // [out, in]
  const auto neurons = std::min<Index>(static_cast<Index>(first.shape.front()), 100);
  double most = 0;
  for (Index i = 0; i < neurons * height * width; ++i)
    most = std::max(most, std::abs(static_cast<double>(first.data[i])));
  std::vector<Picture> result;
  for (Index n = 0; n < neurons; ++n)
    result.push_back(tinynet::signed_picture(first.data + n * height * width, height, width, most));
  return result;
}

std::string loss_svg(const RunRecord& run) {
  tinynet::Curve losses = run.losses;
  losses.name = said("loss");
  return tinynet::svg_chart({&losses, 1}, {said("Training"), said("step"), said("loss")});
}

namespace {

/// Large enough to be read, in all languages.
tinynet::GridOptions with_words(tinynet::GridOptions options) {
  options.title = said(options.title);
  options.text_scale = 2;
  options.glyphs = glyphs();
  return options;
}

/// "9", or "Ankle boot" where the classes have names.
std::string class_text(const RunRecord& run, Index index) {
  const auto names = class_names(run.data);
  return names.empty() ? std::to_string(index) : names.at(static_cast<std::size_t>(index));
}

Picture misclassified_page(const RunRecord& run, std::span<const tinynet::Misclassified> wrong, std::string title) {
  std::vector<tinynet::Tile> tiles;
  for (const tinynet::Misclassified& m : wrong)
    tiles.push_back({image_picture(run.data.test, m.index),
                     {{said("predicted " + class_text(run, m.predicted)), {185, 28, 28}},
                      {said("actual " + class_text(run, m.actual)), {21, 128, 61}}}});
  return tinynet::grid_picture(tiles, with_words({.scale = 4, .title = std::move(title)}));
}

}  // namespace

std::vector<std::pair<std::string, Picture>> pictures(const RunRecord& run) {
  std::vector<std::pair<std::string, Picture>> result;
  const std::vector<tinynet::Tile> first{{image_picture(run.data.train, 0)}};
  result.emplace_back(
      "first_image.png",
      tinynet::grid_picture(
          first, with_words({.scale = 10, .title = "lab= " + class_text(run, run.data.train.labels.front())})));

  const auto wrong = run.first_misclassified();
  const std::string title =
      std::to_string(wrong.size()) + " of the first " + std::to_string(run.first_tests()) + " misclassified";
  const std::size_t pages = std::max<std::size_t>((wrong.size() + page_size - 1) / page_size, 1);
  for (std::size_t page = 0; page < pages; ++page) {
    const std::size_t begin = page * page_size, end = std::min(begin + page_size, wrong.size());
    const std::string number = std::to_string(page + 1);
    result.emplace_back(page == 0 ? "misclassified.png" : "misclassified_" + number + ".png",
                        misclassified_page(run, std::span(wrong).subspan(begin, end - begin),
                                           title + (pages == 1 ? "" : ", page " + number)));
  }
  std::vector<std::string> names = class_names(run.data);
  for (std::string& name : names) name = said(name);
  result.emplace_back("confusion.png", tinynet::confusion_picture(run.test.confusion, {.predicted = said("predicted"),
                                                                                       .actual = said("actual"),
                                                                                       .names = names,
                                                                                       .glyphs = glyphs()}));

  std::vector<tinynet::Tile> neurons;
  for (Picture& picture : neuron_pictures(run.model, run.data.train.images.height(), run.data.train.images.width()))
    neurons.push_back({std::move(picture)});
  result.emplace_back("weights.png",
                      tinynet::grid_picture(neurons, with_words({.columns = 10, .title = "first layer's weights"})));
  return result;
}

}  // namespace mnist
