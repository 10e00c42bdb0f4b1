// A channel is active, explicitly off, or without a record: three states, of which bots let only
// the last one inherit.
#include <future>
#include <vector>

#include "integration/api_gateway/support.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

constexpr const char* off = R"({"isActivated":false,"hasSettings":true})";
constexpr const char* no_record = R"({"isActivated":false,"hasSettings":false})";

class ChannelSettingsRoutes : public BothDatabases {
protected:
    std::string settings_of(const std::string& channel) {
        return call("GET", "/user/channel/" + channel).body;
    }
    std::string deactivate(const std::string& channel, std::string_view user = stranger) {
        const auto response =
            call("DELETE", "/user/channel/deactivate", user, R"({"channelId":")" + channel + "\"}");
        EXPECT_EQ(response.status, 200);
        return response.body;
    }
};
TUTTI_ON_BOTH_DATABASES(ChannelSettingsRoutes);

TEST_P(ChannelSettingsRoutes, ActiveChannelHasSettings) {
    activate("500", "maestro", stranger);

    const auto settings = activation_of("500");

    EXPECT_TRUE(settings.is_activated);
    EXPECT_EQ(settings.has_settings, true);
    EXPECT_EQ(settings_of("501"), no_record);
}

TEST_P(ChannelSettingsRoutes, DeactivationIsRememberedAlsoWhenItIsRepeated) {
    activate("500", "maestro", stranger);

    EXPECT_EQ(deactivate("500"), R"({"deactivated":true,"personalityName":"The Maestro"})");
    EXPECT_EQ(settings_of("500"), off);
    EXPECT_EQ(deactivate("500", owner_of_solo), R"({"deactivated":false})");
    EXPECT_EQ(settings_of("500"), off);
}

TEST_P(ChannelSettingsRoutes, DeactivationOfAChannelThatNeverWasActiveIsRemembered) {
    EXPECT_EQ(deactivate("500"), R"({"deactivated":false})");

    EXPECT_EQ(settings_of("500"), off);
    EXPECT_EQ(settings_of("501"), no_record);
    EXPECT_EQ(call("GET", "/user/channel/list", stranger).body, R"({"activations":[]})");
}

TEST_P(ChannelSettingsRoutes, ActivationTakesTheOffAway) {
    deactivate("500");

    activate("500", "solo", owner_of_solo);

    EXPECT_TRUE(activation_of("500").is_activated);
    ASSERT_EQ(call("DELETE", std::string("/user/personality/") + solo_id, owner_of_solo).status,
              200);
    EXPECT_EQ(settings_of("500"), no_record) << "the off of before must not come back";
}

TEST_P(ChannelSettingsRoutes, RefusedActivationLeavesTheOffInPlace) {
    deactivate("500");

    expect_error(activate("500", "solo", stranger), 403, "UNAUTHORIZED");
    expect_error(activate("500", "nobody", stranger), 404, "NOT_FOUND");

    EXPECT_EQ(settings_of("500"), off);
}

TEST_P(ChannelSettingsRoutes, DeletedPersonalityLeavesNoRecordButTheOffsThatUsersMade) {
    activate("500", "solo", owner_of_solo);
    activate("501", "solo", owner_of_solo);
    deactivate("501");

    ASSERT_EQ(call("DELETE", std::string("/user/personality/") + solo_id, owner_of_solo).status,
              200);

    EXPECT_EQ(settings_of("500"), no_record);
    EXPECT_EQ(settings_of("501"), off);
}

TEST_P(ChannelSettingsRoutes, OffsAtTheSameTimeAreOneRecord) {
    std::vector<std::future<void>> calls;
    for (int i = 0; i < 8; ++i) {
        calls.push_back(std::async(std::launch::async, [this] { deactivate("500"); }));
    }
    for (auto& done : calls) done.get();

    EXPECT_EQ(settings_of("500"), off);
}

// What a reader must never see while both change: a channel that has no record.
TEST_P(ChannelSettingsRoutes, ReaderOfAChannelThatIsSwitchedSeesOneOfBothStates) {
    deactivate("500");
    auto switching = std::async(std::launch::async, [this] {
        for (int i = 0; i < 20; ++i) {
            EXPECT_EQ(activate("500", "maestro", stranger).status, 201);
            deactivate("500");
        }
    });

    int reads = 0;
    while (switching.wait_for(0s) != std::future_status::ready) {
        EXPECT_EQ(activation_of("500").has_settings, true);
        ++reads;
    }

    EXPECT_GT(reads, 0);
}

TEST_P(ChannelSettingsRoutes, OffOutlivesARestart) {
    deactivate("500");

    start({});

    EXPECT_EQ(settings_of("500"), off);
}

}  // namespace
}  // namespace tutti::services
