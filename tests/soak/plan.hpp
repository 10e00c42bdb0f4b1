// What a soak does, drawn from its seed: what is done to the processes and their links, and what
// users do meanwhile. The same seed gives the same plan; when each step comes about is up to the
// machine.
//
// Thread-safety: values; a plan has none.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <string>

namespace tests::soak {

enum class Victim : std::uint8_t {
    bot,
    gateway,
    worker,
    redis,
    postgres,
    discord,
    provider,
    redis_link,     // of the second half of the fleet
    postgres_link,  // of the second gateway
    gateway_link,   // Discord's, of all bots
};

enum class Blow : std::uint8_t {
    kill,             // SIGKILL, and started again
    stop,             // SIGSTOP, and SIGCONT
    end,              // SIGTERM, and started again
    cut,              // in silence, and healed
    disconnect,       // the peer closes the connections
    ask_reconnect,    // Discord asks to connect again
    drop,             // without a goodbye
    close,            // with 4000: resume
    forget_sessions,  // invalid session: nothing can be resumed
    repeat_events,    // the next messages come twice
    refuse,           // the next calls are answered with 503, or 429 by a model
    answer_half,      // the next calls have an effect, and half an answer
    vanish,           // ends all connections, and takes none
    empty,            // FLUSHALL
    start_empty,      // SIGKILL, and started again without what it had
};

struct Strike {
    Victim victim;
    std::size_t which = 0;
    Blow blow;
    std::chrono::milliseconds calm{};   // before it
    std::chrono::milliseconds lasts{};  // of what is healed again

    friend bool operator==(const Strike&, const Strike&) = default;
};

// "bot 2", "the link to Redis".
[[nodiscard]] std::string name_of(const Strike& strike);
[[nodiscard]] std::string text_of(const Strike& strike);

// Every kind of strike once in a round, in an order of its own each round.
class StrikePlan {
public:
    explicit StrikePlan(std::uint64_t seed) : random_(seed) {}

    [[nodiscard]] Strike next();

private:
    std::mt19937_64 random_;
    std::deque<Strike> round_;
};

enum class Deed : std::uint8_t {
    say,
    say_long,  // its reply comes in pieces
    show_picture,
    speak,    // a voice note
    mention,  // a personality, by name
    reply,    // to what a personality has said
    chat,     // the command that speaks to a personality
    activate,
    deactivate,
    autocomplete,
    list_channels,
    edit,  // a personality or a configuration, at a gateway
};

struct Step {
    Deed deed;
    std::chrono::milliseconds pause{};  // behind it

    friend bool operator==(const Step&, const Step&) = default;
};

// What the users of one channel do.
class ChannelPlan {
public:
    ChannelPlan(std::uint64_t seed, std::size_t channel);

    [[nodiscard]] Step next();

private:
    std::mt19937_64 random_;
};

}  // namespace tests::soak
