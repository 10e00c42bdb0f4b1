// What Discord's limit holds up beside a message holds up no message.
#include "bot-client/message_desk.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bot-client/events/channel_places.hpp"
#include "bot-client/events/known_channels.hpp"
#include "bot-client/message_chain.hpp"
#include "bot-client/own_ids.hpp"
#include "unit/bot_client/scripted_discord.hpp"

namespace tutti::services::bot {
namespace {

// Every message is answered by a job.
struct Answered final : MessageProcessor {
    [[nodiscard]] std::string_view name() const override { return "answered"; }
    Result<bool> process(MessageContext& at) override {
        at.job_id = "llm-" + at.message.id;
        return true;
    }
};

struct Mute final : Sender {
    Result<std::string> say(const LaterReply&, TimePoint) override { return "1"; }
    Result<std::optional<std::string>> find(const LaterReply&, TimePoint) override {
        return std::nullopt;
    }
};

MessageChain chain_that_answers() {
    std::vector<std::unique_ptr<MessageProcessor>> all;
    all.push_back(std::make_unique<Answered>());
    return MessageChain(std::move(all));
}

class Gate {
public:
    void pass() {
        std::unique_lock lock(mutex_);
        ++waiting_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return open_; });
    }
    void await(int count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return waiting_ >= count; });
    }
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    int passed() {
        const std::lock_guard lock(mutex_);
        return waiting_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int waiting_ = 0;
    bool open_ = false;
};

TEST(MessageDesk, WhatShowsTypingWaitsForDiscordAndNoMessageWaitsForIt) {
    stubs::ScriptedDiscord discord;
    events::KnownChannels known;
    events::ChannelPlaces places(known, discord.rest);
    const Identity identity;
    Mute channel;
    const MessageChain chain = chain_that_answers();
    Gate gate;
    MessageDesk desk({.identity = identity,
                      .places = places,
                      .chain = chain,
                      .sender = channel,
                      .claim = [](const std::string&) { return true; },
                      .show_typing = [&gate](const std::string&) { gate.pass(); }},
                     {.typing = {.threads = 2, .queued_max = 3}});
    const auto take = [&desk](int id) {
        desk.take(R"({"d":{"id":")" + std::to_string(id) +
                  R"(","channel_id":"5","content":"hi","author":{"id":"2","username":"ann"}}})");
    };

    take(1);
    take(2);
    gate.await(2);  // both threads
    for (int id = 3; id <= 100; ++id) take(id);

    EXPECT_EQ(gate.passed(), 2) << "all have returned, and Discord has not";
    gate.open();
    desk.stop();
    EXPECT_EQ(gate.passed(), 2 + 3) << "what found no place was left out";
}

}  // namespace
}  // namespace tutti::services::bot
