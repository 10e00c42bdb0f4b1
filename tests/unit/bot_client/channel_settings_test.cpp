// That a thread inherits is decided anew for every message, from two cached lookups: what another
// instance changes, around the thread or in it, is seen in the thread before any TTL.
#include "bot-client/channel_settings.hpp"

#include <map>
#include <mutex>

#include "common/caches/catalogue.hpp"
#include "tutti/embedded.hpp"
#include "tutti/node.hpp"
#include "unit/bot_client/stubs.hpp"

namespace tutti::services::bot {
namespace {

using namespace stubs;
using namespace std::chrono_literals;

constexpr const char* parent = "499";
constexpr const char* thread = "500";

domain::GetChannelActivationResponse active_as(const std::string& slug) {
    domain::Activation activation = activation_of_maestro();
    activation.personality_slug = slug;
    return {.is_activated = true, .activation = activation, .has_settings = true};
}

// What all instances ask.
class Gateway {
public:
    void set(const std::string& channel, domain::GetChannelActivationResponse settings) {
        const std::lock_guard lock(mutex_);
        settings_[channel] = std::move(settings);
    }
    Loader<std::string, domain::GetChannelActivationResponse> loader() {
        return [this](const std::string& channel, LoadContext&) {
            const std::lock_guard lock(mutex_);
            const auto found = settings_.find(channel);
            return found == settings_.end() ? no_record : found->second;
        };
    }

private:
    std::mutex mutex_;
    std::map<std::string, domain::GetChannelActivationResponse> settings_;
};

class ThreadOnTwoInstances : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(teller->start());
        ASSERT_TRUE(hearer->start());
    }
    // On the instance that hears of it only.
    std::string answers(const std::string& channel, const std::string& around = "") {
        const auto found =
            activation_in([this](const std::string& id) { return heard.get(id); }, channel, around);
        if (!found) return found.error().message();
        return found->activation() ? found->activation()->personality_slug : "nobody";
    }
    std::string answers_in_thread() { return answers(thread, parent); }
    void change(const std::string& channel, domain::GetChannelActivationResponse settings) {
        gateway.set(channel, std::move(settings));
        EXPECT_TRUE(told.invalidate(channel, 1s).published());
    }
    // Long before the TTL of 30 s.
    bool soon(const std::string& who) {
        const auto give_up = Boottime::now() + 10s;
        while (answers_in_thread() != who) {
            if (Boottime::now() > give_up) return false;
        }
        return true;
    }

    Gateway gateway;
    std::shared_ptr<EmbeddedHub> hub = EmbeddedHub::create();
    std::unique_ptr<Node> teller = Node::create({.name = "bot-1", .embedded = hub}).value();
    std::unique_ptr<Node> hearer = Node::create({.name = "bot-2", .embedded = hub}).value();
    caches::ChannelActivations told =
        caches::declare_channel_activations(*teller, {}, gateway.loader());
    caches::ChannelActivations heard =
        caches::declare_channel_activations(*hearer, {}, gateway.loader());
};

TEST_F(ThreadOnTwoInstances, SeesWhatIsChangedAroundIt) {
    ASSERT_EQ(answers_in_thread(), "nobody");

    change(parent, active_as("maestro"));
    EXPECT_TRUE(soon("maestro"));
    change(parent, active_as("solo"));
    EXPECT_TRUE(soon("solo"));
    change(parent, off);
    EXPECT_TRUE(soon("nobody"));
}

TEST_F(ThreadOnTwoInstances, SeesWhatIsChangedInIt) {
    change(parent, active_as("maestro"));
    ASSERT_TRUE(soon("maestro"));

    change(thread, off);
    EXPECT_TRUE(soon("nobody"));
    EXPECT_EQ(answers(parent), "maestro");
    change(thread, active_as("solo"));
    EXPECT_TRUE(soon("solo"));
    EXPECT_EQ(answers(parent), "maestro");
    change(thread, no_record);
    EXPECT_TRUE(soon("maestro"));
}

TEST_F(ThreadOnTwoInstances, IsAnsweredFromMemoryInBetween) {
    gateway.set(parent, active_as("maestro"));
    ASSERT_EQ(answers_in_thread(), "maestro");

    const auto found =
        activation_in([this](const std::string& id) { return heard.get(id); }, thread, parent);

    EXPECT_EQ(found->tier, Tier::memory);
    EXPECT_TRUE(found->inherited);
}

}  // namespace
}  // namespace tutti::services::bot
