#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/inventory.hpp"
#include "tutti/pattern.hpp"
#include "tutti/policy.hpp"
#include "unit/audit/declarations.hpp"

namespace tutti {
namespace {

using namespace audit_test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

struct Expected {
    Declaration declaration;
    Risk risk;
    std::string_view rule;
};

TEST(Grade, ReproducesTheTableOfTheAudit) {
    const std::array table{
        Expected{autocomplete(), Risk::minor, "stale-per-instance"},
        Expected{local_channel_activation(), Risk::critical, "stale-is-wrong-without-bus"},
        Expected{notification(), Risk::minor, "counts-per-instance"},
        Expected{global_config(), Risk::none, "single-entry"},
        Expected{personality(), Risk::none, "kept-coherent"},
        Expected{model_capability(), Risk::none, "shared-is-truth"},
        Expected{openrouter_models(), Risk::none, "shared-is-truth"},
        Expected{vision_description(), Risk::none, "shared-is-truth"},
        Expected{voice_transcript(), Risk::none, "shared-is-truth"},
        Expected{request_dedup(), Risk::none, "shared-is-truth"},
        // Resolved, as the audit says.
        Expected{channel_activation(), Risk::none, "kept-coherent"},
    };

    for (const auto& [declaration, risk, rule] : table) {
        const Grade verdict = grade(declaration);
        EXPECT_EQ(to_string(verdict.risk), to_string(risk)) << declaration.name;
        EXPECT_EQ(verdict.rule, rule) << declaration.name;
        EXPECT_FALSE(verdict.reason.empty()) << declaration.name;
        EXPECT_EQ(verdict.remedy.empty(), risk == Risk::none) << declaration.name;
    }
}

TEST(Grade, NothingElseExcusesMemoryWithoutABusWhenStaleIsWrong) {
    for (Declaration declaration : {global_config(), model_capability(), openrouter_models(),
                                    notification(), autocomplete()}) {
        declaration.need.stale = Stale::wrong;
        EXPECT_EQ(grade(declaration).risk, Risk::critical) << declaration.name;
    }
}

TEST(Grade, StoreWithoutMemoryIsFineWhenStaleIsWrong) {
    Declaration declaration = vision_description();
    declaration.need.stale = Stale::wrong;

    EXPECT_EQ(grade(declaration).rule, "shared-is-truth");
}

TEST(Grade, CoherentWithoutAChannelIsNotKeptCoherent) {
    Declaration declaration = channel_activation();
    declaration.channel.clear();

    EXPECT_EQ(grade(declaration).rule, "stale-is-wrong-without-bus");
}

TEST(Grade, UnboundedMemoryIsMinorInEveryPatternThatUsesMemory) {
    for (Declaration declaration :
         {notification(), personality(), autocomplete(), model_capability()}) {
        declaration.bound.reset();
        EXPECT_EQ(grade(declaration).rule, "unbounded") << declaration.name;
        EXPECT_EQ(grade(declaration).risk, Risk::minor) << declaration.name;
    }
}

TEST(Grade, ASingleEntryIsExcusedOnlyWhenItIsShortLived) {
    Declaration declaration = global_config();

    declaration.memory_ttl = 5min;
    EXPECT_EQ(grade(declaration).rule, "single-entry");
    declaration.memory_ttl = 5min + 1ns;
    EXPECT_EQ(grade(declaration).rule, "stale-per-instance");
    declaration.memory_ttl = Ttl::never();
    EXPECT_EQ(grade(declaration).rule, "stale-per-instance");
    declaration.memory_ttl = 60s;
    declaration.bound = entries(2);
    EXPECT_EQ(grade(declaration).rule, "stale-per-instance");
}

TEST(Worst, IsTheWorstRowAndNoneOfNothing) {
    std::vector<InventoryRow> rows;
    EXPECT_EQ(worst(rows), Risk::none);

    rows.push_back(row(personality()));
    EXPECT_EQ(worst(rows), Risk::none);
    rows.push_back(row(autocomplete()));
    EXPECT_EQ(worst(rows), Risk::minor);
    rows.insert(rows.begin(), row(local_channel_activation()));
    EXPECT_EQ(worst(rows), Risk::critical);
}

TEST(Contradictions, TheTenCachesOfTheAuditHaveNone) {
    for (const Declaration& declaration : all_declarations()) {
        EXPECT_THAT(contradictions(declaration), IsEmpty()) << declaration.name;
    }
}

TEST(Contradictions, ACriticalDeclarationIsNotOne) {
    EXPECT_THAT(contradictions(local_channel_activation()), IsEmpty());
}

TEST(Contradictions, EverythingThatIsWrongIsNamedAtOnce) {
    Declaration declaration = channel_activation();
    declaration.name = "";
    declaration.caches = "";
    declaration.memory_ttl = 0s;
    declaration.bound = entries(0);
    declaration.channel = "";

    EXPECT_THAT(contradictions(declaration),
                ElementsAre(StartsWith("name:"), StartsWith("caches:"), StartsWith("ttl:"),
                            StartsWith("bound:"), StartsWith("channel:"),
                            StartsWith("foreign_publishers:")));
}

// Each case breaks one thing about a declaration that is right.
struct Case {
    Declaration right;
    void (*spoil)(Declaration&);
    std::string_view said;
};

TEST(Contradictions, EachIsSaidInASentenceThatNamesTheOption) {
    const std::array cases{
        Case{autocomplete(), [](auto& d) { d.name = "Auto Complete"; }, "name: may hold a-z"},
        Case{autocomplete(), [](auto& d) { d.name = std::string(65, 'a'); },
             "name: is longer than 64"},
        Case{autocomplete(), [](auto& d) { d.caches = "two\nlines"; },
             "caches: must be UTF-8 without control"},
        Case{autocomplete(), [](auto& d) { d.note = "\x1B[2J"; },
             "note: must be UTF-8 without control"},
        Case{autocomplete(), [](auto& d) { d.memory_ttl.reset(); }, "ttl: is missing"},
        Case{autocomplete(), [](auto& d) { d.memory_ttl = 0s; }, "ttl: must be more than zero"},
        Case{autocomplete(), [](auto& d) { d.memory_ttl = -1s; }, "ttl: must be more than zero"},
        Case{autocomplete(), [](auto& d) { d.bound.reset(); }, "bound: is missing"},
        Case{autocomplete(), [](auto& d) { d.bound = bytes(0); }, "bound: is 0"},
        Case{autocomplete(), [](auto& d) { d.note = "\xFF"; }, "note: must be UTF-8"},
        Case{autocomplete(), [](auto& d) { d.store_ttl = 1h; }, "store: means nothing for a local"},
        Case{autocomplete(), [](auto& d) { d.raw_prefix = "a:"; },
             "store: means nothing for a local"},
        Case{autocomplete(), [](auto& d) { d.channel = "c"; },
             "channel: a local cache listens to none"},
        Case{autocomplete(), [](auto& d) { d.foreign_publishers = true; },
             "foreign_publishers: needs"},
        Case{notification(), [](auto& d) { d.memory_ttl.reset(); }, "period: is missing"},
        Case{notification(), [](auto& d) { d.memory_ttl = 0s; }, "period: must be more than zero"},
        Case{notification(), [](auto& d) { d.bound = bytes(1000); }, "bound: must be in entries"},
        Case{personality(), [](auto& d) { d.channel.clear(); }, "channel: is missing"},
        Case{personality(), [](auto& d) { d.channel = "a\nb"; },
             "channel: must have 1 to 512 bytes of UTF-8, without braces"},
        Case{personality(), [](auto& d) { d.channel = std::string(513, 'a'); },
             "channel: must have 1 to 512 bytes"},
        Case{personality(), [](auto& d) { d.channel = "cache:{a}"; }, "channel: must have"},
        Case{vision_description(), [](auto& d) { d.store_ttl.reset(); }, "store.ttl: is missing"},
        Case{vision_description(), [](auto& d) { d.store_ttl = 0s; }, "store.ttl: must be more"},
        Case{vision_description(), [](auto& d) { d.raw_prefix = std::string(513, 'a'); },
             "store.raw_prefix: must have at most 512 bytes"},
        Case{vision_description(), [](auto& d) { d.raw_prefix = "tutti:a:"; },
             "store.raw_prefix: must not begin with tutti:"},
        Case{vision_description(), [](auto& d) { d.raw_prefix = "tut"; },
             "store.raw_prefix: must not begin with tutti:, nor be a beginning of it"},
        Case{request_dedup(), [](auto& d) { d.raw_prefix = "tutti:"; }, "raw_prefix: must not"},
        Case{request_dedup(), [](auto& d) { d.store_ttl.reset(); }, "window: is missing"},
        Case{vision_description(), [](auto& d) { d.memory_ttl = 1s; }, "bound: is missing"},
        Case{vision_description(), [](auto& d) { d.bound = entries(1); }, "ttl: is missing"},
        Case{request_dedup(), [](auto& d) { d.memory_ttl = 1s; },
             "ttl: means nothing for a reservation"},
        Case{request_dedup(), [](auto& d) { d.bound = entries(1); },
             "bound: means nothing for a reserv"},
    };

    for (const auto& [right, spoil, said] : cases) {
        Declaration wrong = right;
        spoil(wrong);
        EXPECT_THAT(contradictions(wrong), ElementsAre(HasSubstr(std::string(said))));
    }
}

TEST(Contradictions, ForEverIsAllowedWhenItIsSpelledOut) {
    Declaration declaration = autocomplete();
    declaration.memory_ttl = Ttl::never();

    EXPECT_THAT(contradictions(declaration), IsEmpty());
}

}  // namespace
}  // namespace tutti
