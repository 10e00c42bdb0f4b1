// An airport's boards show the weather, whatever becomes of the service that knows it.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

#include "tutti/node.hpp"
#include "tutti/testing/world.hpp"

using namespace std::chrono_literals;

namespace {

void expect(bool holds, const char* what) {
    std::cout << (holds ? "ok      " : "FAILED  ") << what << '\n';
    if (!holds) std::exit(1);
}

}  // namespace

int main() {
    enum class Service { works, is_down, revoked_our_key, knows_no_such_place, answers_nothing };
    auto service = Service::works;
    int asked = 0;

    tutti::testing::World world;  // a clock that this program moves
    const auto node = world.node({.name = "board-1"}).value();
    const auto weather = node->local<std::string, std::string>({
        .name = "weather",
        .caches = "weather by airport",
        .stale = tutti::Stale::acceptable,
        .ttl = 5min,
        .bound = tutti::entries(1000),
        .load = [&](const std::string& airport,
                    tutti::LoadContext&) -> tutti::Result<tutti::Loaded<std::string>> {
            ++asked;
            switch (service) {
            case Service::is_down: return tutti::fail(tutti::Errc::unavailable, "weather");
            case Service::revoked_our_key: return tutti::fail(tutti::Errc::refused, "weather");
            case Service::knows_no_such_place: return tutti::negative("no station");
            case Service::answers_nothing: return std::string();
            default: return "fair at " + airport;
            }
        },
        .admit = [](const std::string& text) { return !text.empty(); },
        .negative = tutti::NegativeTtls{.ceiling = 1h, .categories = {{"no station", 1h}}},
        .stale_if_error = tutti::StaleIfError{.for_up_to = 6h, .retry_after = 30s},
    });
    if (!node->start() || !weather.get("VIE")) return 1;

    world.advance(10min);
    service = Service::is_down;
    const auto stale = weather.get("VIE");
    expect(stale.value_or("") == "fair at VIE", "while it is down the last known good is shown");
    expect(stale->freshness() == tutti::Freshness::stale, "and marked");
    (void)weather.get("VIE");
    expect(asked == 2, "it is not asked again for half a minute");

    world.advance(1min);
    service = Service::answers_nothing;
    expect(weather.get("VIE").value_or("") == "fair at VIE", "an empty answer replaces nothing");

    world.advance(1min);
    service = Service::revoked_our_key;
    expect(!weather.get("VIE"), "a failure that does not pass is told");

    service = Service::knows_no_such_place;
    expect(weather.get("ZZZ")->answer() == tutti::Answer::negative, "what will last");
    asked = 0;
    world.advance(30min);
    (void)weather.get("ZZZ");
    expect(asked == 0, "is not asked for again while it is remembered");

    service = Service::is_down;
    weather.forget("VIE");
    expect(!weather.get("VIE"), "what was invalidated is no last known good");
    return 0;
}
