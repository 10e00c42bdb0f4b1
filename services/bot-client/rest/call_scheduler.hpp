// When a call to Discord may go, without I/O and without a clock. Discord bans an address that does
// not keep its limits, so none is tried out: a call that would be over one waits, or is refused
// before it is sent.
//
// Mechanism. Discord counts by bucket: the method, a hash that it tells in its answers, and the
// major parameter of the route. Until an answer has told the hash, the calls of a route and a major
// parameter go one at a time; so does the first call of a bucket whose numbers have lapsed. Numbers
// are corrected by what is still under way: an answer does not know of it.
//
//   429 user, nothing remains      the bucket waits
//   429 user, something remains    a limit that no header shows: this call waits; when the third in
//                                  a row has met it, the bucket does
//   429 shared                     the bucket waits; it counts as no fault of ours
//   429 global, or of no scope     everything waits that counts for the bot (no scope and no
//                                  bucket: it was not Discord's API that answered, but what stands
//                                  before it)
//   401                            the token is wrong: nothing goes any more
//   401, 403, 429                  are counted: 10,000 in ten minutes are a ban, so at
//   `invalid_max`
//                                  nothing goes until the window has moved on
//   404 of an unknown webhook      it is not called again
//
// A 429 was not carried out, so its call goes again by itself, three times at most. Every call has
// a deadline for its waiting, and is refused at once when what is known says that it will not go
// before. Calls of one bucket go in the order of their submission, but for those that a 429 put
// off.
//
// Thread-safety: none. An effect must not call the scheduler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "bot-client/rest/answer_facts.hpp"
#include "bot-client/rest/route.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot::rest {

class CallScheduler {
public:
    using Call = std::uint64_t;

    class Effects {
    public:
        virtual ~Effects() = default;
        // Send it now; followed by `answered` or `failed`.
        virtual void go(Call call) = 0;
        // It was not sent, and will not be. Errors: overloaded, timeout, refused, invalid_option.
        virtual void refuse(Call call, Error error) = 0;
        // Call `tick` at that time; replaces the time asked for before.
        virtual void wake_at(TimePoint when) = 0;
    };

    struct Options {
        std::size_t per_second = 50;      // of the bot, all routes that count for it
        std::size_t waiting_max = 1'000;  // above: overloaded
        std::size_t invalid_max = 500;    // in ten minutes
    };

    struct Figures {
        std::uint64_t limited_user = 0;  // 429, by scope
        std::uint64_t limited_hidden = 0;
        std::uint64_t limited_shared = 0;
        std::uint64_t limited_global = 0;
        std::uint64_t refused = 0;
        std::size_t waiting = 0;
        std::size_t in_flight = 0;
        std::size_t buckets = 0;
        std::size_t invalid = 0;  // in the last ten minutes
        Duration waited{};        // by all that went
    };

    CallScheduler(Options options, Effects& effects) : options_(options), effects_(effects) {}

    // `not_before`: for what is tried again. Requires: a number that is not in use.
    void submit(Call call, const Route& route, TimePoint deadline, TimePoint now,
                TimePoint not_before = TimePoint::min());

    enum class Then : std::uint8_t { done, goes_again };
    Then answered(Call call, const AnswerFacts& facts, TimePoint now);
    // No answer came.
    void failed(Call call, TimePoint now);
    // The caller waits no longer for its turn. Unknown calls are ignored.
    void forget(Call call, TimePoint now);
    void tick(TimePoint now);

    [[nodiscard]] Figures figures() const;

private:
    struct Waiting {
        Call call = 0;
        std::string route;  // method and pattern
        std::string major;
        bool own_token = false;
        bool is_webhook = false;
        TimePoint deadline;
        TimePoint since;
        TimePoint not_before;
        int limited = 0;  // how often Discord has put it off
    };
    struct Numbers {
        std::int64_t limit;
        std::int64_t remaining;  // what is under way is taken off
        TimePoint reset_at;
    };
    struct Bucket {
        std::optional<Numbers> numbers;
        TimePoint blocked_until{};
        int hidden_in_a_row = 0;
        std::int64_t in_flight = 0;
        std::deque<Waiting> waiting;
    };
    struct UnderWay {
        Waiting call;
        std::string bucket;
    };

    [[nodiscard]] std::string bucket_key(const std::string& route, const std::string& major) const;
    [[nodiscard]] std::optional<Error> refusal(const Waiting& call, TimePoint now) const;
    [[nodiscard]] TimePoint ready_at(const Bucket& bucket, const Waiting& call) const;
    [[nodiscard]] bool has_turn(const Bucket& bucket) const;
    [[nodiscard]] TimePoint pace_free_at() const;
    void refuse(const Waiting& call, Error error);
    void learn(UnderWay& done, const BucketFacts& facts, TimePoint now);
    void move_waiting(const std::string& route);
    Then limited(UnderWay done, const AnswerFacts& facts, TimePoint now);
    void count_invalid(TimePoint now);
    void lapse(Bucket& bucket, TimePoint now) const;
    void serve(const std::string& key, Bucket& bucket, TimePoint now);
    void send(const std::string& key, Bucket& bucket, Waiting call, TimePoint now);
    void pump(TimePoint now);

    const Options options_;
    Effects& effects_;
    std::map<std::string, std::string> hashes_;  // by method and pattern
    std::map<std::string, Bucket> buckets_;      // those that are used, or have numbers that count
    std::map<Call, UnderWay> under_way_;
    std::deque<TimePoint> sent_;     // in the last second, of the bot
    std::deque<TimePoint> invalid_;  // answers of the last ten minutes
    std::deque<std::string> lost_webhooks_;
    TimePoint all_until_{};
    bool token_refused_ = false;
    std::size_t waiting_ = 0;
    TimePoint wake_ = TimePoint::max();
    Figures figures_;
};

}  // namespace tutti::services::bot::rest
