#include <doctest/doctest.h>

#include <tinynet/core/engine.hpp>

TEST_CASE("the engine is what was set, and only the fused one forbids the general way") {
  using tinynet::Engine;
  CHECK(tinynet::engine() == Engine::automatic);
  CHECK_NOTHROW(tinynet::detail::require_general_way("loss"));
  tinynet::set_engine(Engine::fused);
  CHECK(tinynet::engine() == Engine::fused);
  CHECK_THROWS_AS(tinynet::detail::require_general_way("loss"), tinynet::Error);
  tinynet::set_engine(Engine::tape);
  CHECK_NOTHROW(tinynet::detail::require_general_way("loss"));
  tinynet::set_engine(Engine::automatic);
}
