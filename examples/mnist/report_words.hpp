// The words of the report, in the languages of --lang.
#pragma once

#include "options.hpp"

namespace mnist {

struct ReportWords {
  const char *language, *title, *made_by;
  const char *data, *source, *train_count, *test_count, *first_image, *label;
  const char *net, *parameters, *neurons;
  const char *training, *steps, *step, *loss, *first_loss, *last_loss, *log_scale, *whole, *hint, *no_steps, *stopped,
      *resumed;
  const char *timing, *seconds, *steps_per_second, *images_per_second, *how;
  const char *test, *test_loss, *accuracy, *confusion, *confusion_hint, *predicted, *actual;
  const char *classes, *class_name, *examples, *recall, *precision, *right;
  const char *wrong, *wrong_of, *none_wrong, *index;
  const char* repeat;
};

inline constexpr ReportWords english_words{
    .language = "en",
    .title = "Handwritten digit recognition with a fully connected net",
    .made_by = "made by the program mnist of",
    .data = "Data",
    .source = "source",
    .train_count = "training images",
    .test_count = "test images",
    .first_image = "The first training image",
    .label = "label",
    .net = "Net",
    .parameters = "numbers that are trained",
    .neurons =
        "What each neuron of the first layer weighs each pixel with, after training: blue is negative, red positive.",
    .training = "Training",
    .steps = "steps",
    .step = "step",
    .loss = "loss",
    .first_loss = "loss of the first step",
    .last_loss = "loss of the last step",
    .log_scale = "log scale",
    .whole = "whole curve",
    .hint = "Drag to zoom, shift and drag to move, double-click to see the whole.",
    .no_steps = "No step was made.",
    .stopped = "The training was stopped by",
    .resumed = "This run went on after step",
    .timing = "Timing",
    .seconds = "seconds in training",
    .steps_per_second = "steps a second",
    .images_per_second = "images a second",
    .how = "computed by",
    .test = "Test",
    .test_loss = "loss on test data",
    .accuracy = "accuracy",
    .confusion = "Confusion matrix",
    .confusion_hint = "A row is an actual figure, a column what the net took it for.",
    .predicted = "predicted",
    .actual = "actual",
    .classes = "Each figure",
    .class_name = "figure",
    .examples = "images",
    .recall = "found (recall)",
    .precision = "precision",
    .right = "right",
    .wrong = "What it got wrong",
    .wrong_of = "misclassified among the first",
    .none_wrong = "Nothing.",
    .index = "no.",
    .repeat = "To repeat it",
};

inline constexpr ReportWords chinese_words{
    .language = "zh-Hans",
    .title = "用全连接网络识别手写数字",
    .made_by = "由 mnist 程序生成，来自",
    .data = "数据",
    .source = "来源",
    .train_count = "张训练图像",
    .test_count = "张测试图像",
    .first_image = "第一张训练图像",
    .label = "标签",
    .net = "网络",
    .parameters = "个可训练参数",
    .neurons = "训练后第一层每个神经元对各像素的权重：蓝色为负，红色为正。",
    .training = "训练",
    .steps = "步",
    .step = "步",
    .loss = "损失",
    .first_loss = "第一步的损失",
    .last_loss = "最后一步的损失",
    .log_scale = "对数坐标",
    .whole = "整条曲线",
    .hint = "拖动可放大，按住 Shift 拖动可平移，双击恢复。",
    .no_steps = "没有训练。",
    .stopped = "训练被信号中止：",
    .resumed = "本次运行从检查点继续，之前的步数：",
    .timing = "用时",
    .seconds = "训练秒数",
    .steps_per_second = "步每秒",
    .images_per_second = "张图像每秒",
    .how = "计算方式",
    .test = "测试",
    .test_loss = "测试集上的损失",
    .accuracy = "准确率",
    .confusion = "混淆矩阵",
    .confusion_hint = "行为实际数字，列为预测数字。",
    .predicted = "预测值",
    .actual = "实际值",
    .classes = "各个数字",
    .class_name = "数字",
    .examples = "图像数",
    .recall = "召回率",
    .precision = "精确率",
    .right = "正确",
    .wrong = "识别错误的图像",
    .wrong_of = "张识别错误，范围：测试集前",
    .none_wrong = "没有。",
    .index = "序号",
    .repeat = "重复本次运行",
};

inline const ReportWords& report_words(Language language) {
  return language == Language::chinese ? chinese_words : english_words;
}

}  // namespace mnist
