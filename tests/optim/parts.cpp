// Optimizers of parts of nets. The numbers are PyTorch's, of programs that begin with
//   torch.set_default_dtype(torch.float64)
//   def fill(*modules):
//       k = 0
//       for p in (p for m in modules for p in m.parameters()):
//           p.data = (((torch.arange(k, k + p.numel()) * 5) % 11 - 5) / 8).view(p.shape); k += p.numel()
//   x = ((torch.arange(12.) * 7) % 13 - 6).view(4, 3) / 4; y = torch.tensor([0, 1, 1, 0]); t = torch.tensor([2, 0, 1,
//   2]) net = Sequential(Linear(3, 5), ReLU(), Linear(5, 2)); fill(net)
// and go on as each test says.
#include <doctest/doctest.h>

#include <cmath>
#include <initializer_list>
#include <string>
#include <tinynet/mlp.hpp>
#include <tinynet/nn/sequential.hpp>
#include <tinynet/optim/clip.hpp>
#include <vector>

using namespace tinynet;

namespace {

using Layer = Linear<dynamic, dynamic, double>;
const std::vector<int> y{0, 1, 1, 0}, t{2, 0, 1, 2};

Matrix<double> input() {
  Matrix<double> x(4, 3);
  for (Index i = 0; i < 12; ++i) x.data()[i] = static_cast<double>(i * 7 % 13 - 6) / 4;
  return x;
}
const Matrix<double> x = input();

template <class... Modules>
void fill(Modules&... modules) {
  Index k = 0;
  const auto write = [&k](auto& module) {
    for (auto* const p : detail::parameter_list(module))
      for (Index i = 0; i < p->size(); ++i) p->data()[i] = static_cast<double>(5 * k++ % 11 - 5) / 8;
  };
  (write(modules), ...);
}

// The same net in all the ways in which one can be made; `first` and `last` are its linear layers.
struct Typed {
  BasicMLP<double, ReLU, 3, 5, 2> net;
  auto& first() { return net.layer<0>(); }
  auto& last() { return net.layer<1>(); }
};
struct Sized {
  DynamicMLP<double> net{{3, 5, 2}};
  auto& first() { return net.layer(0); }
  auto& last() { return net.layer(1); }
};
struct Chain {
  Sequential<Linear<3, 5, double>, ReLU, Linear<5, 2, double>> net{Linear<3, 5, double>{}, ReLU{},
                                                                   Linear<5, 2, double>{}};
  auto& first() { return net.get<0>(); }
  auto& last() { return net.get<2>(); }
};
struct List {
  SequentialList<double> net;
  List() { net.add(Layer(3, 5)).add(ReLU{}).add(Layer(5, 2)); }
  auto& first() { return net.get<Layer>(0); }
  auto& last() { return net.get<Layer>(2); }
};
struct OwnNet : Module<OwnNet, double> {
  Linear<3, 5, double> one;
  Linear<5, 2, double> two;
  template <class X>
  auto forward(const X& input) const {
    return two.forward(relu(one.forward(input)));
  }
  static void members(auto& self, auto&& visit) {
    visit("one", self.one);
    visit("two", self.two);
  }
  std::string name() const { return "OwnNet"; }
};
struct Own {
  OwnNet net;
  auto& first() { return net.one; }
  auto& last() { return net.two; }
};

template <class Kind>
Kind make() {
  Kind kind;
  fill(kind.net);
  return kind;
}

// The largest difference; NaN if there is one.
class Distance {
 public:
  explicit Distance(std::initializer_list<double> expected) : expected_(expected) {}
  Distance& operator()(double number) {
    const double distance = next_ < expected_.size() ? std::abs(number - expected_[next_++]) : NAN;
    worst_ = distance <= worst_ ? worst_ : distance;
    return *this;
  }
  template <class Derived>
  Distance& operator()(const Eigen::DenseBase<Derived>& numbers) {
    for (Index r = 0; r < numbers.rows(); ++r)
      for (Index c = 0; c < numbers.cols(); ++c) (*this)(numbers(r, c));
    return *this;
  }
  double worst() const { return next_ == expected_.size() ? worst_ : NAN; }

 private:
  std::vector<double> expected_;
  std::size_t next_ = 0;
  double worst_ = 0;
};

constexpr double tolerance = 1e-14;

}  // namespace

TEST_CASE_TEMPLATE("an optimizer of a layer changes that layer, and the other keeps numbers and gradients", Kind, Typed,
                   Sized, Chain, List, Own) {
  // o = SGD(net[2].parameters(), lr=.1, momentum=.9)
  // for _ in range(3): o.zero_grad(); loss = cross_entropy(net(x), y); loss.backward(); o.step()
  auto kind = make<Kind>();
  const Matrix<double> before = kind.first().weight().value();
  SGD o{kind.last(), {.lr = .1, .momentum = .9}};
  Distance losses{0.8230780592551039, 0.816696756810731, 0.8056022041519717};
  for (int step = 0; step < 3; ++step) {
    o.zero_grad();
    const auto loss = cross_entropy(kind.net(x), y);
    losses(loss.item());
    loss.backward();
    o.step();
  }
  CHECK(losses.worst() < tolerance);
  CHECK(o.state().front().size() == 12);
  CHECK(Distance{-0.5336509272563366, 0.09672355578106909, -0.6139231111353227, 0.019391669865029132,
                 0.5581971822033251, -0.09134907274366347, 0.5282764442189309, -0.26107688886467734,
                 0.35560833013497084, -0.30819718220332515, 0.19872239656177293,
                 -0.44872239656177293}(kind.last().weight().value())(kind.last().bias().value())
            .worst() < tolerance);
  CHECK(Distance{0.09868920550263487, -0.0739837209503217, 0.07295115746086919, -0.10295219216706267,
                 -0.09992969941637822, -0.0023729380391482313, -0.09464806808136693,
                 0.2501841002068577}(kind.first().weight().grad().row(0))(kind.first().bias().grad())
            .worst() < tolerance);
  CHECK(Matrix<double>(kind.first().weight().value()) == before);
  kind.net.zero_grad();
  CHECK(kind.first().weight().grad().isZero(0));
  CHECK(kind.last().weight().grad().isZero(0));
}

TEST_CASE_TEMPLATE("an optimizer of a part after one of all, which then goes on", Kind, Typed, Sized, Chain, List,
                   Own) {
  // a = SGD(net.parameters(), lr=.1)
  // for _ in range(2): a.zero_grad(); cross_entropy(net(x), y).backward(); a.step()
  // o = Adam(net[2].parameters(), lr=.05)
  // for _ in range(2): a.zero_grad(); cross_entropy(net(x), y).backward(); o.step()
  // a.zero_grad(); cross_entropy(net(x), y).backward(); a.step()
  auto kind = make<Kind>();
  SGD all{kind.net, {.lr = .1}};
  const auto train = [&](auto& optimizer) {
    all.zero_grad();
    cross_entropy(kind.net(x), y).backward();
    optimizer.step();
  };
  for (int step = 0; step < 2; ++step) train(all);
  Adam part{kind.last(), {.lr = .05}};
  for (int step = 0; step < 2; ++step) train(part);
  train(all);
  CHECK(&part.parameters() == &all.parameters());  // the net is one flat vector still
  CHECK(part.finite());
  // Adam divides by the root of tiny squares, which makes more of the last digits than they are.
  CHECK(Distance{-0.6122311208089787, 0.012565488494856298, -0.5182596257544362, 0.11371623577720623,
                 0.4949167489074586, -0.012768879191021354, 0.6124345115051436, -0.3567403742455638,
                 0.26128376422379276, -0.2449167489074587, 0.13076812578027425,
                 -0.3807681257802743}(kind.last().weight().value())(kind.last().bias().value())
            .worst() < 1e-11);
  CHECK(Distance{-0.6337213626499726, 0.00676938129343985, 0.6183939969572967, 0.5084614384290771, -0.24135559636432619,
                 0.3751829538753391, -0.3678986480014847,
                 0.230085594533292}(kind.first().weight().value().row(0))(kind.first().bias().value())
            .worst() < tolerance);
  CHECK(Distance{0.7376231487740084}(cross_entropy(kind.net(x), y).item()).worst() < tolerance);
}

TEST_CASE_TEMPLATE("two optimizers of the two parts of a net", Kind, Typed, Sized, Chain, List, Own) {
  // a = SGD(net[0].parameters(), lr=.2); b = Adam(net[2].parameters(), lr=.05)
  // for _ in range(3): a.zero_grad(); b.zero_grad(); cross_entropy(net(x), y).backward(); a.step(); b.step()
  auto kind = make<Kind>();
  SGD a{kind.first(), {.lr = .2}};
  Adam b{kind.last(), {.lr = .05}};
  for (int step = 0; step < 3; ++step) {
    a.zero_grad();
    b.zero_grad();
    cross_entropy(kind.net(x), y).backward();
    a.step();
    b.step();
  }
  CHECK(Distance{-0.644373813638063, -0.022970742142233838, -0.47489850816921486, 0.14861215684207638,
                 0.47786440883828707, 0.01937381363806301, 0.6479707421422338, -0.40010149183078525,
                 0.22638784315792362, -0.22786440883828704, 0.10622484981919882,
                 -0.35622484981919883}(kind.last().weight().value())(kind.last().bias().value())
            .worst() < tolerance);
  CHECK(Distance{-0.6421298300920707, 0.013295467689166302, 0.6122977868484881, 0.5177104677622354,
                 -0.23245267240949782, 0.3753864292161682, -0.3631477518566102,
                 0.21364700126619673}(kind.first().weight().value().row(0))(kind.first().bias().value())
            .worst() < tolerance);
  CHECK(Distance{0.7165369922704308}(cross_entropy(kind.net(x), y).item()).worst() < tolerance);
}

TEST_CASE_TEMPLATE("another optimizer's step does not change a parameter's value on the tape", Kind, Typed, Own) {
  auto kind = make<Kind>();
  SGD a{kind.first(), {.lr = .2}}, b{kind.last(), {.lr = .2}};
  const auto of_last = sum(kind.last().weight() * kind.last().weight());
  const auto of_first = sum(kind.first().weight() * kind.first().weight());
  a.step();
  of_last.backward();
  CHECK(kind.last().weight().grad() == 2 * kind.last().weight().value());
  CHECK_THROWS_WITH_AS(of_first.backward(), doctest::Contains("has changed since it was used"), Error);
}

namespace {

// A net that does not own its modules, as a list of their parameters in PyTorch.
template <class... Modules>
struct Together : Module<Together<Modules...>, double> {
  std::tuple<Modules&...> modules;
  explicit Together(Modules&... all) : modules(all...) {}
  static void members(auto& self, auto&& visit) {
    std::apply(
        [&](auto&... module) {
          int i = 0;
          (visit(std::to_string(i++), module), ...);
        },
        self.modules);
  }
};

struct Heads {
  Linear<3, 5, double> body;
  Linear<5, 2, double> one;
  Linear<5, 3, double> two;
  Heads() { fill(body, one, two); }
};

}  // namespace

TEST_CASE("two heads on one body, which both optimizers train") {
  // body, h1, h2 = Linear(3, 5), Linear(5, 2), Linear(5, 3); fill(body, h1, h2)
  // A = SGD([*body.parameters(), *h1.parameters()], lr=.1, momentum=.5)
  // B = Adam([*body.parameters(), *h2.parameters()], lr=.02)
  // for _ in range(2):
  //     A.zero_grad(); cross_entropy(h1(torch.relu(body(x))), y).backward(); A.step()
  //     B.zero_grad(); cross_entropy(h2(torch.relu(body(x))), t).backward(); B.step()
  Heads net;
  Together left(net.body, net.one);
  Together right(net.body, net.two);
  SGD a{left, {.lr = .1, .momentum = .5}};
  Adam b{right, {.lr = .02}};
  for (int step = 0; step < 2; ++step) {
    a.zero_grad();
    cross_entropy(net.one(relu(net.body(x))), y).backward();
    a.step();
    b.zero_grad();
    cross_entropy(net.two(relu(net.body(x))), t).backward();
    b.step();
  }
  CHECK(Distance{-0.6731240907831363, 0.0459792857070497, 0.5792464960329385, 0.4694882797560793, -0.2013532589275574,
                 0.33577426287691536, -0.4062842489568392,
                 0.26728934104832724}(net.body.weight().value().row(0))(net.body.bias().value())
            .worst() < tolerance);
  CHECK(Distance{-0.5165598769153347, 0.11144971984844339, -0.6215601441054779, 0.008182551450382694,
                 0.5944984760940368, 0.22521376806468169,
                 -0.4752137680646817}(net.one.weight().value().row(0))(net.one.bias().value())
            .worst() < tolerance);
  CHECK(Distance{0.08982682973035624, -0.665023090653921, 0.03988619676283292, 0.5851921702881278, -0.1649724723124201,
                 -0.08706716777809625, 0.46002065321005214,
                 -0.21003497220692965}(net.two.weight().value().row(0))(net.two.bias().value())
            .worst() < tolerance);
  CHECK(Distance{0.06917006158019327, 0.057308340182127306, -0.009331133120538682, -0.03479071485163991,
                 0.12175699619199365}(net.one.weight().grad().row(0))
            .worst() < tolerance);
}

TEST_CASE("an optimizer of one head leaves the gradients of the body and of the other head") {
  // o = SGD(h2.parameters(), lr=.1)
  // for _ in range(2):
  //     z = torch.relu(body(x)); (cross_entropy(h1(z), y) + cross_entropy(h2(z), t)).backward(); o.step()
  Heads net;
  Together all(net.body, net.one, net.two);
  for (const bool joined : {false, true}) {
    CAPTURE(joined);
    fill(net.body, net.one, net.two);
    all.zero_grad();
    if (joined) flat_parameters(all);
    SGD o{net.two, {.lr = .1}};
    for (int step = 0; step < 2; ++step) {
      const auto z = relu(net.body(x));
      (cross_entropy(net.one(z), y) + cross_entropy(net.two(z), t)).backward();
      o.step();
    }
    CHECK(Distance{0.1252055956453265, -0.6429509181605222, 0.04709228529907156, 0.5841648763081929,
                   -0.15551058257283856, -0.12468671139759775, 0.3951916965209017,
                   -0.14550498512330393}(net.two.weight().value().row(0))(net.two.bias().value())
              .worst() < tolerance);
    CHECK(Distance{0.31835176101963925, -0.35967840893271175, 0.46892594429070233}(net.body.weight().grad().row(0))
              .worst() < tolerance);
    CHECK(Distance{0.1959186439581529, -0.19591864395815292}(net.one.bias().grad()).worst() < tolerance);
  }
}

namespace {

// Linear(5, 2); fill(it); it.weight.data *= .5
template <class L>
L other_layer() {
  L layer(5, 2);
  fill(layer);
  layer.weight().value() *= .5;
  return layer;
}

// How a layer gets into a net: as a temporary, as a copy, as one that has been trained and takes its optimizer along.
enum class Way { temporary, copy, known };
template <class L>
void replace(L& layer, Way way) {
  auto other = other_layer<L>();
  if (way == Way::temporary)
    layer = other_layer<L>();
  else if (way == Way::copy)
    layer = other;
  else {
    SGD known{other};
    layer = std::move(other);
  }
}

}  // namespace

TEST_CASE_TEMPLATE("a layer of a net is replaced before its optimizer is made", Kind, Typed, Sized, Chain, List, Own) {
  for (const Way way : {Way::temporary, Way::copy, Way::known}) {
    CAPTURE(static_cast<int>(way));
    // l = Linear(5, 2); fill(l); l.weight.data *= .5; net[2] = l; o = SGD(net.parameters(), lr=.1)
    // for _ in range(2): o.zero_grad(); cross_entropy(net(x), y).backward(); o.step()
    auto kind = make<Kind>();
    replace(kind.last(), way);
    SGD o{kind.net, {.lr = .1}};
    Distance losses{0.8478709407814053, 0.8236545729589925, 0.8032930751916763};
    for (int step = 0; step < 2; ++step) {
      o.zero_grad();
      const auto loss = cross_entropy(kind.net(x), y);
      losses(loss.item());
      loss.backward();
      o.step();
    }
    CHECK(losses(cross_entropy(kind.net(x), y).item()).worst() < tolerance);
    CHECK(flat_parameters(kind.net).get() == &o.parameters());

    // net[2] = l; o = SGD(net[0].parameters(), lr=.1)
    // for _ in range(2): cross_entropy(net(x), y).backward(); o.step()
    auto second = make<Kind>();
    replace(second.last(), way);
    SGD part{second.first(), {.lr = .1}};
    for (int step = 0; step < 2; ++step) {
      cross_entropy(second.net(x), y).backward();
      part.step();
    }
    CHECK(Distance{0.5128389857302215, -0.24487413388581006, 0.35443168102391587, -0.3698741338858101,
                   0.23633102369549347}(second.first().bias().value())
              .worst() < tolerance);
    CHECK(Distance{0.30037062748962623, 0.10242377166164046, 0.2850355628141801, -0.05146926080123505,
                   0.23486641575331044, -0.30037062748962623, -0.10242377166164048, -0.2850355628141801,
                   0.05146926080123505, -0.23486641575331046}(second.last().weight().grad())
              .worst() < tolerance);
  }
}

TEST_CASE_TEMPLATE("a layer gets other numbers while the net is trained", Kind, Typed, Sized, Chain, List, Own) {
  for (const Way way : {Way::temporary, Way::copy}) {
    CAPTURE(static_cast<int>(way));
    // o = SGD(net.parameters(), lr=.1, momentum=.9)
    // o.zero_grad(); cross_entropy(net(x), y).backward(); o.step()
    // for p, q in zip(net[2].parameters(), l.parameters()): p.copy_(q)
    // o.zero_grad(); cross_entropy(net(x), y).backward(); o.step()
    auto kind = make<Kind>();
    SGD o{kind.net, {.lr = .1, .momentum = .9}};
    const auto train = [&] {
      o.zero_grad();
      cross_entropy(kind.net(x), y).backward();
      o.step();
    };
    train();
    const auto stale = sum(kind.last().weight() * kind.last().weight());
    replace(kind.last(), way);
    CHECK_THROWS_AS(stale.backward(), Error);
    train();
    CHECK(Distance{-0.3332492627118812, -0.009864959496769136, 0.2995399887956757, -0.05712803052209762,
                   0.22760598293379122, -0.1042507372881188, 0.19736495949676913, -0.17453998879567575,
                   0.11962803052209761, -0.22760598293379122, 0.09345777711320662,
                   -0.5934577771132066}(kind.last().weight().value())(kind.last().bias().value())
              .worst() < tolerance);
    CHECK(Distance{0.5112407049238861, -0.2417506991910769, 0.36855293130231614, -0.3667506991910769,
                   0.22800186450953838,
                   0.8125929895105485}(kind.first().bias().value())(cross_entropy(kind.net(x), y).item())
              .worst() < tolerance);
  }
}

TEST_CASE("a layer that brings its optimizer along is in that one's, and the net's says so") {
  auto kind = make<Typed>();
  SGD all{kind.net, {.lr = .1}};
  Linear<5, 2, double> head;
  SGD own{head, {.lr = .1}};
  const auto loss = cross_entropy(kind.net(x), y);
  kind.last() = std::move(head);
  CHECK_THROWS_WITH_AS(loss.backward(), doctest::Contains("the parameters have been moved"), Error);
  CHECK_THROWS_WITH_AS(all.step(), doctest::Contains("do not lie with it any more"), Error);
  const double before = kind.last().bias().value()(0);
  kind.net.zero_grad();
  cross_entropy(kind.net(x), y).backward();
  own.step();
  CHECK(kind.last().bias().value()(0) == before - .1 * kind.last().bias().grad()(0));
}

TEST_CASE_TEMPLATE("the gradient by the input, with an optimizer of a part", Kind, Typed, Sized, Chain, List, Own) {
  // o = SGD(net[2].parameters(), lr=.1); cross_entropy(net(x), y).backward(); o.step()
  // xv = x.clone().requires_grad_(); cross_entropy(net(xv), y).backward(); xv.grad
  auto kind = make<Kind>();
  SGD o{kind.last(), {.lr = .1}};
  cross_entropy(kind.net(x), y).backward();
  o.step();
  const auto xv = variable(x);
  cross_entropy(kind.net(xv), y).backward();
  CHECK(Distance{-0.04645152022887765, -0.03627725743353993, 0.003671938565638534, 0.013251767664086457,
                 0.017924462633888135, -0.04312587205390002, 0.08792375741888273, 0.06866584272576762,
                 -0.006950270607107817, -0.012956674977013579, -0.017525317555506913, 0.042165537569525104}(xv.grad())
            .worst() < tolerance);
}

TEST_CASE_TEMPLATE("the gradient of a part is clipped", Kind, Typed, Sized, Chain, List, Own) {
  // cross_entropy(net(x), y).backward(); torch.nn.utils.clip_grad_norm_(net[2].parameters(), .25)
  auto kind = make<Kind>();
  SGD o{kind.last()};
  cross_entropy(kind.net(x), y).backward();
  CHECK(Distance{0.2554789244415502}(clip_grad_norm(kind.last(), .25)).worst() < tolerance);
  CHECK(Distance{0.06290690471011597, 0.05101148456469583, -0.016353160872605844, -0.03068395018708398,
                 0.11955162639374987, 0.09585814051065294,
                 -0.09585814051065296}(kind.last().weight().grad().row(0))(kind.last().bias().grad())
            .worst() < tolerance);
  CHECK(Distance{-0.03673474574215366, -0.03453856065763122, -0.002196185084522441, -0.03453856065763122,
                 0.09210282842034992}(kind.first().bias().grad())
            .worst() < tolerance);
}

TEST_CASE_TEMPLATE("gradients of several backward() calls add up", Kind, Typed, Sized, Chain, List, Own) {
  // for c in (1.0, 0.5, -0.25): (cross_entropy(net(x), y) * c).backward()
  auto kind = make<Kind>();
  for (const double c : {1.0, 0.5, -0.25}) (cross_entropy(kind.net(x), y) * c).backward();
  CHECK(Distance{0.041108458069044916, -0.03032679633604379, 0.029628850024621872, -0.04591843217769207,
                 -0.04317320082203903, -0.002745231355653051, -0.04317320082203903,
                 0.11512853552543742}(kind.first().weight().grad().row(0))(kind.first().bias().grad())
            .worst() < tolerance);
  CHECK(Distance{0.0803572563109611, 0.06516205111119897, -0.020889521520569276, -0.03919566637682252,
                 0.15271520238969827, -0.08035725631096116, -0.06516205111119898, 0.02088952152056924,
                 0.0391956663768225, -0.15271520238969827, 0.12244915247384558,
                 -0.12244915247384557}(kind.last().weight().grad())(kind.last().bias().grad())
            .worst() < tolerance);
  // for b in (slice(0, 1), slice(1, 4)): (cross_entropy(net(x[b]), y[b]) * ((b.stop - b.start) / 4)).backward()
  kind.net.zero_grad();
  const std::span<const int> labels(y);
  (cross_entropy(kind.net(x.topRows(1)), labels.first(1)) * .25).backward();
  (cross_entropy(kind.net(x.bottomRows(3)), labels.last(3)) * .75).backward();
  CHECK(Distance{0.03288676645523593, -0.02426143706883503, 0.023703080019697495, -0.036734745742153664,
                 -0.03453856065763122, -0.002196185084522441, -0.03453856065763122,
                 0.09210282842034992}(kind.first().weight().grad().row(0))(kind.first().bias().grad())
            .worst() < tolerance);
}

TEST_CASE_TEMPLATE("two losses of one net(x)", Kind, Typed, Sized, Chain, List, Own) {
  // target = ((torch.arange(8.) * 3) % 5).view(4, 2) / 4
  // out = net(x); (cross_entropy(out, y) + mse_loss(out, target) * .5).backward()
  Matrix<double> target(4, 2);
  for (Index i = 0; i < 8; ++i) target.data()[i] = static_cast<double>(i * 3 % 5) / 4;
  for (const bool computed : {false, true}) {  // before its losses ask for it
    CAPTURE(computed);
    auto kind = make<Kind>();
    {
      const auto out = kind.net(x);
      if (computed) out.var();
      (cross_entropy(out, y) + mse_loss(out, target) * .5).backward();
    }
    CHECK(Distance{0.2366526355958609, -0.14535518706883502, 0.28075264056657245, 0.17640001988284632,
                   -0.11882811143888124, 0.30163682272797754, -0.10228758409513124,
                   0.19006425420159995}(kind.first().weight().grad().row(0))(kind.first().bias().grad())
              .worst() < tolerance);
    CHECK(Distance{-0.12380928772466857, 0.07103528053739666, -0.43217792581020537, 0.019821445414166985,
                   0.15247611698988361, -0.43086295348626896, -0.12615002663114666, -0.4356504433304196,
                   -0.13301114267979203, -0.24888114628675861, -0.18866177177092353,
                   -0.6565530719790765}(kind.last().weight().grad())(kind.last().bias().grad())
              .worst() < tolerance);
    // out = net(x); cross_entropy(out, y).backward(retain_graph=True); mse_loss(out, target).backward()
    kind.net.zero_grad();
    const auto out = kind.net(x);
    if (computed) out.var();
    cross_entropy(out, y).backward(RetainGraph{true});
    mse_loss(out, target).backward();
    CHECK(Distance{0.4404185047364859, -0.26644893706883505, 0.5378022011134475, 0.38953478550784637,
                   -0.20311766222013122, 0.6054698305404775, -0.17003660753263122,
                   0.2880256799828499}(kind.first().weight().grad().row(0))(kind.first().bias().grad())
              .worst() < tolerance);
    CHECK(Distance{-0.3119043804981061, 0.08994092018583416, -0.8476442344039554, 0.07099942392979199,
                   0.18278007206800861, -0.4752828655209236,
                   -1.2151468219790764}(kind.last().weight().grad().row(0))(kind.last().bias().grad())
              .worst() < tolerance);
  }
}

namespace {

struct Two : Module<Two, double> {
  BasicMLP<double, ReLU, 3, 5, 2> one{Seed{1}}, two{Seed{2}};
  static void members(auto& self, auto&& visit) {
    visit("one", self.one);
    visit("two", self.two);
  }
};

}  // namespace

TEST_CASE("a loss of a part of a net is fused where the part lies") {
  // What a net within a net computes does not depend on where its parameters lie.
  Two apart, joined;
  SGD o{joined, {.lr = .1}};
  for (Two* const net : {&apart, &joined}) {
    cross_entropy(net->two(x), y).backward();
    cross_entropy(net->one(x), y).backward();
  }
  CHECK(joined.two.layer<0>().weight().grad() == apart.two.layer<0>().weight().grad());
  CHECK(joined.one.layer<1>().bias().grad() == apart.one.layer<1>().bias().grad());
  const auto name = [&](const auto& net) { return std::string(cross_entropy(net(x), y).node()->name); };
  CHECK(name(joined.two) == "fused_loss");
  CHECK(name(joined.one) == "fused_loss");
}

TEST_CASE("a parameter is trained by itself") {
  // p = torch.nn.Parameter(torch.tensor([[1., -2., 3.]])); o = Adam([p], lr=.1)
  // for _ in range(2): o.zero_grad(); (p * p).sum().backward(); o.step()
  Parameter<double> p(1, 3);
  p.value() << 1, -2, 3;
  Adam o{p, {.lr = .1}};
  for (int step = 0; step < 2; ++step) {
    o.zero_grad();
    sum(p * p).backward();
    o.step();
  }
  CHECK(Distance{0.8004122286917927, -1.800166486115701, 2.800102707414789}(p.value()).worst() < tolerance);

  auto kind = make<Typed>();  // and one of a net's
  SGD of_bias{*kind.net.parameters()[3], {.lr = 1}};
  cross_entropy(kind.net(x), y).backward();
  const Matrix<double> weight = kind.last().weight().value();
  const Eigen::RowVector2d bias = kind.last().bias().value();
  of_bias.step();
  CHECK(kind.last().weight().value() == weight);
  CHECK(kind.last().bias().value() == bias - kind.last().bias().grad());
}
