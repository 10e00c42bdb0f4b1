// The store as one cache uses it: values of the cache's type by key text, claims, and the loads
// that wait for a claim of another instance.
//
// What cannot be read (another version, another program, damage) or is not wanted (`admit`) counts
// as absent: it is counted, logged, and claimed like any missing value.
//
// A wake-up may overtake the answer that says whom to wait for: they come on different connections.
// So one that arrives while a key is being asked for is remembered, and the answer is asked for
// again.
//
// Thread-safety: `fetch`, `fill` and `release` from any thread; the rest on the node's executor,
// where every completion runs too.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/log.hpp"
#include "base/workers.hpp"
#include "load/counters.hpp"
#include "load/flight.hpp"
#include "load/take_back.hpp"
#include "tutti/detail/mutex.hpp"
#include "tutti/executor.hpp"
#include "tutti/options.hpp"
#include "tutti/store.hpp"

namespace tutti {

class StoreAccess : public std::enable_shared_from_this<StoreAccess> {
public:
    struct Options {
        detail::StoreSpec spec;
        std::string cache;    // its name, for the log
        std::string channel;  // whose epoch the values carry
        std::string prefix;
        ValueAddress::Form form = ValueAddress::Form::framed;
        Duration claim_for{};
        Duration keep_stale{};  // past their TTL, as last known goods
        Duration command_deadline{};
        std::size_t loads_max = 1;                          // how many values are read at a time
        std::function<Result<void>(const void*)> admitted;  // counts what it refuses
    };

    struct Decoded {
        std::optional<detail::RawLoaded> value;  // fresh without a claim, else a last known good
        // Both counted from the question, since how much of the time until its answer came before
        // the store looked is not known: it was stored no earlier, and is fresh no shorter.
        TimePoint stored{};
        TimePoint fresh_until{};
        TimePoint stored_by{};  // counted from the answer: it was stored no later
        Fetched::Claim claim = Fetched::Claim::none;
        Duration claim_left{};
        bool unreadable = false;  // something is there that cannot be read
    };

    // What a fill is allowed by.
    struct Claimed {
        LoadToken token;
        bool over_unreadable = false;  // the rank of what is there counts for nothing
    };

    StoreAccess(Options options, std::shared_ptr<Store> store, const Clock& clock,
                const std::shared_ptr<Executor>& executor, Workers& workers, LoadCounters& counters,
                Log log);

    [[nodiscard]] const Options& options() const noexcept { return options_; }

    // In one call of the store.
    struct Question {
        std::string text;
        LoadToken token;
        Intent intent;
        TimePoint asked;  // now
        Completion<Decoded> done;
    };
    void fetch(std::vector<Question> questions);
    // In one call of the store. Requires: an answer that the store can hold (`holds`).
    struct Filling {
        std::string text;
        Claimed claimed;
        detail::RawLoaded loaded;
        Duration fresh_for{};
        Completion<Filled> done;
    };
    void fill(std::vector<Filling> fillings);
    // A load whose value is there already: takes the claim over, and fills when that is confirmed,
    // if it is `wanted` then.
    void offer(const std::string& text, const LoadToken& token, const detail::RawLoaded& loaded,
               Duration fresh_for, std::function<bool()> wanted, Completion<Filled> done);
    void release(const std::string& text, const LoadToken& token);
    // The same after a `fetch` that failed: its claim may have been taken, or may be later.
    void take_back(const std::string& text, const LoadToken& token, const Error& failed);
    [[nodiscard]] bool holds(const detail::RawLoaded& loaded) const noexcept;

    // Runs `again` once: when the claim of `text` has ended, or at `until`; never after
    // `stop_waiting` with what this returned.
    Executor::TimerId wait(const std::string& text, TimePoint until, Task again);
    void stop_waiting(const std::string& text, Executor::TimerId timer);
    // The key of the store whose claim has ended; empty: any may have.
    void woken(std::string_view store_key);
    void close();

private:
    using Value = std::optional<Result<detail::RawLoaded>>;
    struct Waiting {
        Executor::TimerId timer;
        Task again;
    };

    // What is being asked for now.
    struct Asking {
        std::size_t questions = 0;
        bool woken = false;
    };

    void ask(FetchRequest request, Completion<Fetched> done);
    // For the store, as of now: a wake-up counts from here on. `done` takes a Result<Fetched>.
    template <class Done>
    [[nodiscard]] Store::Fetch asking(FetchRequest request, Done done);
    void begin_asking(const std::string& text);
    // Whether a wake-up came meanwhile.
    bool end_asking(const std::string& text);
    [[nodiscard]] ValueAddress address_of(const std::string& text) const;
    [[nodiscard]] TakeBack::Remove removal(const std::string& text, const LoadToken& token) const;
    [[nodiscard]] TimePoint deadline() const {
        return saturating_add(clock_.now(), options_.command_deadline);
    }
    void fetched(Question question, Result<Fetched> answer);
    // Large values are read on a worker: the executor's thread has leases to renew.
    void read_then(Fetched answer, Question question);
    void interpreted(Question question, const Fetched& answer, Value value);
    [[nodiscard]] Result<detail::RawLoaded> read(const std::string& bytes) const;
    [[nodiscard]] Result<std::string> write(const detail::RawLoaded& loaded) const;
    [[nodiscard]] FetchRequest fetch_request(const std::string& text, const LoadToken& token,
                                             const Intent& intent) const;
    [[nodiscard]] Completion<Filled> releasing_unsent(const std::string& text,
                                                      const LoadToken& token,
                                                      Completion<Filled> done);
    [[nodiscard]] Completion<Filled> counting_failures(Completion<Filled> done);
    void not_stored(const std::string& text, Error error, Completion<Filled> done);
    [[nodiscard]] Result<FillRequest> request_of(const std::string& text, const Claimed& claimed,
                                                 const detail::RawLoaded& loaded,
                                                 Duration fresh_for) const;
    void unreadable(const std::string& text, const Error& error) const;
    void all_woken();
    void ask_again(std::vector<Waiting> ready);
    [[nodiscard]] Task take_waiting(const std::string& store_key, Executor::TimerId timer);

    const Options options_;
    const std::shared_ptr<Store> store_;
    const Clock& clock_;
    Executor& executor_;
    Workers& workers_;
    const Workers::Lane
        lane_;  // of its own: a source that hangs must not keep values from being read
    LoadCounters& counters_;
    const Log log_;
    const std::shared_ptr<TakeBack> take_back_;
    std::unordered_map<std::string, std::vector<Waiting>> waiting_;  // by key of the store
    detail::Mutex asking_mutex_;
    std::unordered_map<std::string, Asking> asking_ TUTTI_GUARDED_BY(asking_mutex_);  // by key text
};

}  // namespace tutti
