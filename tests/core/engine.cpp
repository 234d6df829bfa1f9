#include <doctest/doctest.h>

#include <thread>
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

TEST_CASE("a thread can have an engine of its own for a while") {
  using tinynet::Engine;
  {
    const tinynet::WithEngine outer(Engine::tape);
    CHECK(tinynet::engine() == Engine::tape);
    tinynet::set_engine(Engine::fused);
    CHECK(tinynet::engine() == Engine::tape);
    std::thread([] { CHECK(tinynet::engine() == Engine::fused); }).join();
    {
      const tinynet::WithEngine inner(Engine::automatic);
      CHECK(tinynet::engine() == Engine::automatic);
    }
    CHECK(tinynet::engine() == Engine::tape);
  }
  CHECK(tinynet::engine() == Engine::fused);
  tinynet::set_engine(Engine::automatic);
}
