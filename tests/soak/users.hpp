// What users do in one channel, on a thread of its own, and what becomes of it. A channel is not
// deactivated while a message in it waits for its answer, so that one which is never answered is
// not taken for one that came too late.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "soak/fleet.hpp"
#include "soak/plan.hpp"
#include "soak/story.hpp"
#include "tutti/detail/mutex.hpp"

namespace tests::soak {

// What the users of all channels have done and been told, so far.
class Record {
public:
    enum class Wire : std::uint8_t { message, chat };
    void add(UserMessage message, Wire wire = Wire::message);
    void add(Order order);
    // Of what the bot said; twice is once.
    void heard(const BotMessage& message);
    // A message up to this one, which is no answer, was heard.
    void passed(const std::string& channel, const std::string& id);
    // These messages are not waited for any more.
    void give_up(const std::set<std::string>& messages);
    void give_up_said_until(Ms time);
    void did(const std::string& what);

    struct Counts {
        std::size_t messages = 0;
        std::size_t waiting = 0;  // for their answer, as far as one is expected
        std::map<std::string, std::size_t> deeds;
    };
    [[nodiscard]] Counts counts() const;
    // Commands that speak to a personality, whose answers are awaited. What they show may become an
    // apology.
    struct Chat {
        std::string id;
        std::string channel;
    };
    [[nodiscard]] std::vector<Chat> waiting_chats() const;
    // The newest message of a personality that is no longer than it has to be, so that replies to
    // replies do not grow; nothing: none was heard.
    [[nodiscard]] std::optional<BotMessage> answer_in(const std::string& channel) const;
    // In this channel a message waits for its answer.
    [[nodiscard]] bool waits(const std::string& channel) const;
    [[nodiscard]] std::string newest_heard(const std::string& channel) const;
    void move_to(Story& story);

private:
    struct Waiting {
        std::string channel;
        std::vector<std::string> marks;
        Ms began = 0;
        bool is_chat = false;
    };
    void forget_answered() TUTTI_REQUIRES(mutex_);

    mutable tutti::detail::Mutex mutex_;
    Story story_ TUTTI_GUARDED_BY(mutex_);
    std::map<std::string, Waiting> waiting_ TUTTI_GUARDED_BY(mutex_);  // by message
    // Marks, and messages whose users were told a failure. An answer may be heard first.
    std::set<std::string> heard_ TUTTI_GUARDED_BY(mutex_);
    std::map<std::string, std::string> newest_ TUTTI_GUARDED_BY(mutex_);
    std::map<std::string, BotMessage> answers_ TUTTI_GUARDED_BY(mutex_);  // by channel
    std::set<std::string> active_ TUTTI_GUARDED_BY(mutex_);               // channels, as confirmed
    std::map<std::string, std::size_t> deeds_ TUTTI_GUARDED_BY(mutex_);
};

class ChannelUsers {
public:
    // Borrows everything. While `hush` is locked nothing is said.
    ChannelUsers(PlayedFleet& fleet, Record& record, std::shared_mutex& hush, std::uint64_t seed,
                 std::size_t channel);
    ~ChannelUsers();
    ChannelUsers(const ChannelUsers&) = delete;
    ChannelUsers& operator=(const ChannelUsers&) = delete;

    void stop() { stopping_.store(true); }

private:
    void run();
    void do_it(Deed deed);
    void say(const std::string& begin, std::size_t parts, const std::string& more,
             bool names_a_personality = false, Ms answers_made = 0);
    void reply();
    void chat();
    void show(const std::string& begin, std::size_t parts);
    void speak();
    void order(bool activates);
    void edit();
    void edit_personality();
    void edit_configuration();

    PlayedFleet& fleet_;
    Record& record_;
    std::shared_mutex& hush_;
    ChannelPlan plan_;
    const std::size_t number_;
    const std::string channel_;
    std::size_t messages_ = 0;
    std::size_t edits_ = 0;
    std::string configuration_;           // the id of one that this channel's users have made
    std::atomic<bool> stopping_ = false;  // pairs with nothing: the thread looks now and then
    std::jthread thread_;
};

[[nodiscard]] Ms now_ms();

}  // namespace tests::soak
