// What is known of a run when it is over: what users did, what the bot said, what the models were
// asked, how much there was of everything. Nothing of it is from the services' own memory but what
// they report as unknown.
//
// Times are milliseconds since 1970, by the clock of the machine that everything runs on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace tests::soak {

using Ms = std::int64_t;

// A message of a user's. Its answer repeats the marks, each of them once.
struct UserMessage {
    std::string id;
    std::string channel;
    std::vector<std::string> marks;
    bool names_a_personality = false;  // it is answered in any channel
    Ms began = 0;                      // when Discord was told
    Ms told = 0;                       // when Discord had it
    // When the message of a personality was made that this one replies to; 0: it replies to none.
    Ms answers_made = 0;
};

// "m3x17x0m": the first part of the message 17 in channel 3.
[[nodiscard]] std::string mark(std::size_t channel, std::size_t message, std::size_t part);
[[nodiscard]] std::vector<std::string> marks_in(const std::string& text);

// /channel activate or deactivate.
struct Order {
    std::string channel;
    bool activates = false;
    bool is_done = false;  // the user was answered that it is; else nothing is known
    Ms began = 0;
    Ms ended = 0;
};

// A message of the bot's.
struct BotMessage {
    std::string id;
    std::string channel;
    std::string content;
    std::string reply_to;  // empty: to none
    Ms made = 0;
    bool is_by_webhook = false;  // as a personality
};

// What a model was asked, and is paid for.
struct PaidCall {
    std::string kind;
    std::string about;
};

// How much memory a process had, in one life.
struct Memory {
    std::string process;
    int life = 0;
    Ms at = 0;
    std::size_t kib = 0;
};

// Redis lost all that it had, and what was said is being heard again at the end.
struct Emptying {
    Ms began = 0;
    Ms ended = 0;
};

struct Story {
    std::vector<UserMessage> messages;
    std::vector<Order> orders;
    std::vector<BotMessage> said;
    std::vector<PaidCall> paid;
    std::vector<Memory> memory;
    std::vector<Emptying> emptyings;
    std::map<std::string, std::size_t> longest;  // of each queue, at any time
    std::map<std::string, std::size_t> left;     // in each queue, at the end
    // What the services say of themselves.
    std::set<std::string> reply_unknown;  // messages whose reply may be said or not: dead letters
    std::size_t paid_unknown = 0;         // calls of models
    std::set<std::string> undecided;      // messages that passed on behind an outage of a gateway
    // What else is no promise kept: crashes, and what did not recover. For people.
    std::vector<std::string> troubles;
};

}  // namespace tests::soak
