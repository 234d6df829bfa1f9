// The numbers are PyTorch's: the learning rate at first and after each of 30 steps, lr=0.1 in the optimizer.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <tinynet/optim/schedule.hpp>

using namespace tinynet;

namespace {

using Rates = std::array<double, 31>;

// The largest relative distance; `step(k)` is the k-th step.
template <class Step>
double distance(const LearningRate& optimizer, const Rates& expected, Step step) {
  double largest = 0;
  for (std::size_t k = 0; k < expected.size(); ++k) {
    if (k > 0) step(k - 1);
    largest = std::max(largest, std::abs(optimizer.lr() - expected[k]) / expected[k]);
  }
  return largest;
}

}  // namespace

TEST_CASE("StepLR(7, 0.3)") {
  const Rates expected{0.1,
                       0.1,
                       0.1,
                       0.1,
                       0.1,
                       0.1,
                       0.1,
                       0.03,
                       0.03,
                       0.03,
                       0.03,
                       0.03,
                       0.03,
                       0.03,
                       0.009,
                       0.009,
                       0.009,
                       0.009,
                       0.009,
                       0.009,
                       0.009,
                       0.0026999999999999997,
                       0.0026999999999999997,
                       0.0026999999999999997,
                       0.0026999999999999997,
                       0.0026999999999999997,
                       0.0026999999999999997,
                       0.0026999999999999997,
                       0.0008099999999999998,
                       0.0008099999999999998,
                       0.0008099999999999998};
  LearningRate optimizer(0.1);
  StepLR schedule(optimizer, 7, 0.3);
  CHECK(distance(optimizer, expected, [&](std::size_t) { schedule.step(); }) < 1e-12);
  CHECK(schedule.steps() == 30);
}

TEST_CASE("ExponentialLR(0.93)") {
  const Rates expected{0.1,
                       0.09300000000000001,
                       0.08649000000000001,
                       0.08043570000000001,
                       0.07480520100000002,
                       0.06956883693000002,
                       0.06469901834490002,
                       0.06017008706075702,
                       0.05595818096650403,
                       0.052041108298848754,
                       0.04839823071792934,
                       0.04501035456767429,
                       0.0418596297479371,
                       0.0389294556655815,
                       0.036204393768990796,
                       0.033670086205161445,
                       0.03131318017080015,
                       0.02912125755884414,
                       0.02708276952972505,
                       0.0251869756626443,
                       0.0234238873662592,
                       0.021784215250621058,
                       0.020259320183077585,
                       0.018841167770262155,
                       0.017522286026343804,
                       0.016295726004499737,
                       0.015155025184184757,
                       0.014094173421291824,
                       0.013107581281801397,
                       0.0121900505920753,
                       0.011336747050630029};
  LearningRate optimizer(0.1);
  ExponentialLR schedule(optimizer, 0.93);
  CHECK(distance(optimizer, expected, [&](std::size_t) { schedule.step(); }) < 1e-12);
}

TEST_CASE("CosineAnnealingLR(12, 0.01), up again after 12 steps") {
  const Rates expected{0.1,
                       0.09846666218300808,
                       0.09397114317029975,
                       0.08681980515339464,
                       0.07750000000000001,
                       0.06664685702961345,
                       0.055000000000000014,
                       0.04335314297038658,
                       0.032500000000000015,
                       0.023180194846605367,
                       0.01602885682970026,
                       0.011533337816991932,
                       0.01,
                       0.011533337816991927,
                       0.016028856829700254,
                       0.023180194846605343,
                       0.03249999999999997,
                       0.04335314297038656,
                       0.05499999999999997,
                       0.06664685702961338,
                       0.07749999999999996,
                       0.08681980515339459,
                       0.09397114317029968,
                       0.09846666218300802,
                       0.09999999999999995,
                       0.09846666218300802,
                       0.0939711431702997,
                       0.0868198051533946,
                       0.07749999999999999,
                       0.0666468570296134,
                       0.05500000000000002};
  LearningRate optimizer(0.1);
  CosineAnnealingLR schedule(optimizer, 12, 0.01);
  CHECK(distance(optimizer, expected, [&](std::size_t) { schedule.step(); }) < 1e-12);
}

TEST_CASE("OneCycleLR(0.5, total_steps=31, cycle_momentum=False)") {
  const Rates expected{0.020000000000000018,
                       0.03698766264378439,
                       0.08554581155764551,
                       0.1588003679719559,
                       0.2463811344576623,
                       0.33588984005523775,
                       0.4146552873115706,
                       0.4715271358435158,
                       0.4984543875111644,
                       0.49871733597865037,
                       0.4924665643392836,
                       0.4811427132459885,
                       0.46498271034858313,
                       0.4443246695516034,
                       0.41960081669549454,
                       0.3913284461444607,
                       0.36009909749525704,
                       0.3265661788614174,
                       0.29143129568953446,
                       0.25542957114821624,
                       0.21931426522955375,
                       0.18384101437589118,
                       0.14975202138439753,
                       0.11776052638226979,
                       0.08853588378458951,
                       0.06268955746794756,
                       0.040762327181228256,
                       0.02321297387236639,
                       0.010408680666699874,
                       0.002617350336157334,
                       2e-06};
  LearningRate optimizer(0.1);
  OneCycleLR schedule(optimizer, 0.5, 31);
  CHECK(distance(optimizer, expected, [&](std::size_t) { schedule.step(); }) < 1e-12);
}

TEST_CASE("OneCycleLR(0.5, total_steps=40, pct_start=0.25, div_factor=10, final_div_factor=100)") {
  const Rates expected{
      0.04999999999999999, 0.06356916032317061, 0.10264000029822995, 0.16249999999999998, 0.23592916002494063,
      0.3140708399750593,  0.38749999999999996, 0.44735999970177004, 0.4864308396768294,  0.5,
      0.49863184336822625, 0.49454236328326795, 0.4877763649447146,  0.4784079780462395,  0.4665398445951636,
      0.4523019943451431,  0.4358504201629792,  0.41736536893812487, 0.39704936676004515, 0.375125,
      0.3518324766081811,  0.3274269943451431,  0.3021759447817354,  0.2763559837010965,  0.25025,
      0.2241440162989036,  0.19832405521826466, 0.1730730056548569,  0.14866752339181893, 0.12537500000000004,
      0.10345063323995486};
  LearningRate optimizer(0.1);
  OneCycleLR schedule(optimizer, 0.5, 40, {.pct_start = 0.25, .div_factor = 10, .final_div_factor = 100});
  CHECK(distance(optimizer, expected, [&](std::size_t) { schedule.step(); }) < 1e-12);
}

TEST_CASE("OneCycleLR has an end, and may be so short that it does not rise") {
  LearningRate optimizer(0.1);
  OneCycleLR schedule(optimizer, 0.5, 2);
  schedule.step();
  schedule.step();
  CHECK_THROWS_WITH_AS(schedule.step(), "OneCycleLR: step 3 of 2", Error);
  OneCycleLR flat(optimizer, 0.5, 4, {.pct_start = 0.25});
  CHECK(optimizer.lr() == 0.5);
}

// The losses that the two schedules below see.
constexpr std::array<double, 30> losses{1,   .9,  .8,  .8,  .81, .79999, .8, .82, .7, .7, .7, .7, .7, .7, .7,
                                        .69, .69, .69, .69, .69, .69,    .5, .6,  .6, .6, .6, .6, .6, .6, .6};

TEST_CASE("ReduceLROnPlateau(factor=0.5, patience=2)") {
  const Rates expected{0.1,     0.1,      0.1,      0.1,      0.1,       0.1,       0.05,     0.05,
                       0.05,    0.05,     0.05,     0.05,     0.025,     0.025,     0.025,    0.0125,
                       0.0125,  0.0125,   0.0125,   0.00625,  0.00625,   0.00625,   0.00625,  0.00625,
                       0.00625, 0.003125, 0.003125, 0.003125, 0.0015625, 0.0015625, 0.0015625};
  LearningRate optimizer(0.1);
  ReduceLROnPlateau schedule(optimizer, {.factor = 0.5, .patience = 2});
  CHECK(distance(optimizer, expected, [&](std::size_t k) { schedule.step(losses[k]); }) < 1e-12);
}

TEST_CASE("ReduceLROnPlateau(factor=0.3, patience=1, threshold=0.01, cooldown=3, min_lr=0.002)") {
  const Rates expected{0.1,
                       0.1,
                       0.1,
                       0.1,
                       0.1,
                       0.03,
                       0.03,
                       0.03,
                       0.03,
                       0.03,
                       0.03,
                       0.009,
                       0.009,
                       0.009,
                       0.009,
                       0.009,
                       0.009,
                       0.009,
                       0.0026999999999999997,
                       0.0026999999999999997,
                       0.0026999999999999997,
                       0.0026999999999999997,
                       0.0026999999999999997,
                       0.0026999999999999997,
                       0.002,
                       0.002,
                       0.002,
                       0.002,
                       0.002,
                       0.002,
                       0.002};
  LearningRate optimizer(0.1);
  ReduceLROnPlateau schedule(optimizer,
                             {.factor = 0.3, .patience = 1, .threshold = 0.01, .cooldown = 3, .min_lr = 0.002});
  CHECK(distance(optimizer, expected, [&](std::size_t k) { schedule.step(losses[k]); }) < 1e-12);
}

TEST_CASE("numbers of steps that make no sense are refused") {
  LearningRate optimizer(0.1);
  CHECK_THROWS_WITH_AS(StepLR(optimizer, 0), "StepLR: the step size must be positive", Error);
  CHECK_THROWS_WITH_AS(CosineAnnealingLR(optimizer, 0), "CosineAnnealingLR: t_max must be positive", Error);
  CHECK_THROWS_WITH_AS(OneCycleLR(optimizer, 0.5, 0), "OneCycleLR: the number of steps must be positive", Error);
}
