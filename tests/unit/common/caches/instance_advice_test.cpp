#include "common/caches/instance_advice.hpp"

#include <gmock/gmock.h>

#include <chrono>

#include "common/caches/catalogue.hpp"
#include "common/caches/service_caches.hpp"

namespace tutti::services::caches {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

InventoryRow row(std::string name, Pattern pattern, Stale stale,
                 std::string service = "bot-client") {
    return {.service = std::move(service),
            .node = {},
            .declaration = {.name = std::move(name),
                            .caches = "things",
                            .pattern = pattern,
                            .need = {.stale = stale},
                            .memory_ttl = 30s,
                            .bound = entries(500)}};
}

TEST(InstanceAdvice, IsSortedByUrgency) {
    const auto advice = instance_advice({row("notices", Pattern::cooldown, Stale::acceptable),
                                         row("autocomplete", Pattern::local, Stale::acceptable),
                                         row("activation", Pattern::local, Stale::wrong),
                                         row("elsewhere", Pattern::local, Stale::wrong, "gateway")},
                                        "bot-client");

    EXPECT_THAT(
        advice,
        ElementsAre(AllOf(StartsWith("must do: activation: "), HasSubstr("Node::coherent")),
                    StartsWith("should do: autocomplete: "), StartsWith("can skip: notices: ")));
}

TEST(InstanceAdvice, GatewayHasNothingToDo) {
    EXPECT_THAT(instance_advice(catalogue_inventory(), api_gateway_service),
                ElementsAre(StartsWith("nothing to do")));
}

}  // namespace
}  // namespace tutti::services::caches
