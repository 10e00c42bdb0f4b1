// What a process answers on its own HTTP server about its node: four routes in one call, whichever
// server it is.
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tutti/node.hpp"
#include "tutti/node/routes.hpp"
#include "tutti/testing/world.hpp"

using namespace std::chrono_literals;

namespace {

// As the server of a process gives it.
struct Request {
    std::string path;
    std::map<std::string, std::string, std::less<>> query = {};
};

void expect(bool holds, const char* what) {
    std::cout << (holds ? "ok      " : "FAILED  ") << what << '\n';
    if (!holds) std::exit(1);
}

}  // namespace

int main() {
    tutti::testing::World world;  // a clock that this program moves
    const auto node = world.node({.name = "shop-1"}).value();
    const auto prices = node->coherent<std::string, int>({
        .name = "prices",
        .caches = "prices by fruit",
        .stale = tutti::Stale::wrong,
        .ttl = 24h,
        .bound = tutti::entries(100),
        .load = [](const std::string&, const tutti::LoadContext&) { return 10; },
        .channel = "cache:prices",
    });

    // In the server's handler of what no other route is.
    const auto answer = [&](const Request& request) {
        const auto query = [&](std::string_view name) -> std::optional<std::string> {
            const auto found = request.query.find(name);
            if (found == request.query.end()) return std::nullopt;
            return found->second;
        };
        return tutti::answer_route(*node, request.path, query);
    };

    expect(answer({"/health"})->status == 503, "a node that has not started is not ready");
    if (!node->start()) return 1;
    expect(answer({"/health"})->status == 200, "when it has, it is");
    std::cout << answer({"/health"})->body << '\n';

    (void)prices.get("apple");
    expect(answer({"/metrics"})->body.contains("tutti_cache_entries"), "Prometheus is answered");
    expect(answer({"/audit"})->body.contains("prices by fruit"), "`tutti audit` is answered");
    const auto held = answer({"/holdings", {{"channel", "cache:prices"}, {"key", "apple"}}});
    expect(held->body.contains(R"("cache":"prices")"), "`tutti explain` is answered");
    expect(answer({"/holdings"})->status == 400, "a question without a key is refused");
    expect(answer({"/holdings", {{"channel", ""}, {"key", "apple"}}})->status == 400,
           "and one without a channel");

    expect(!answer({"/orders"}), "everything else is the process's own");
    return 0;
}
