// The reservation pattern on the store: put if absent, compare and replace, compare and delete.
//
// A key that vanishes between a refused put and the look at its holder is tried once more; when
// that happens twice it is not known who holds it, which is a failure of the store.
//
// A refused attempt leaves nothing behind: what it may have written without an answer is taken
// back, and so is what a failed `release` may have left; see TakeBack.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/home_process.hpp"
#include "load/counters.hpp"
#include "load/declared.hpp"
#include "load/environment.hpp"
#include "load/pending.hpp"
#include "load/take_back.hpp"
#include "tutti/reservation.hpp"
#include "tutti/store.hpp"

namespace tutti {

class ReservationCore final : public detail::ReservationCore,
                              public Declared,
                              public std::enable_shared_from_this<ReservationCore> {
public:
    // Requires: a spec without contradictions. `prefix`: of its keys in the store.
    ReservationCore(detail::ReservationSpec spec, LoadEnvironment environment, std::string prefix);

    void open() override { phase_.store(Phase::open); }
    void close() override;
    void end_calls() override { close(); }
    void woken(std::string_view) override {}  // waits for no claim
    // A hit is a key that was held, a miss a granted one.
    [[nodiscard]] CacheCounters counters() const override { return counters_.snapshot(); }

    [[nodiscard]] std::string_view name() const noexcept override { return spec_.name; }
    void report(std::string_view function, const Error& error) noexcept override;
    void reserve(std::string key, std::string note, Duration timeout,
                 Completion<detail::RawAttempt> done) override;
    void confirm(std::string key, std::string stored, Duration timeout,
                 Completion<bool> done) override;
    void release(std::string key, std::string stored, Duration timeout,
                 Completion<bool> done) override;
    void count(Duration timeout, Completion<std::size_t> done) override;
    [[nodiscard]] std::optional<std::string_view> note_of(std::string_view stored) const override;

private:
    struct Try;
    enum class Phase : std::uint8_t { declared, open, closed };

    [[nodiscard]] std::optional<Error> refused(const std::string& operation) const;
    [[nodiscard]] Error stopped(const std::string& operation) const;
    [[nodiscard]] bool is_raw() const noexcept { return !spec_.raw_prefix.empty(); }
    void put(const std::shared_ptr<Try>& attempt);
    void look(const std::shared_ptr<Try>& attempt);
    [[nodiscard]] TakeBack::Remove removal(std::string key, std::string stored) const;
    void not_written(Try& attempt, const Error& error);
    void cannot_say(Try& attempt, Error error);
    [[nodiscard]] bool refuses(const Error& error) const;

    const detail::ReservationSpec spec_;
    const LoadEnvironment environment_;
    const std::string prefix_;
    const std::shared_ptr<TakeBack> take_back_;
    std::atomic<Phase> phase_ = Phase::declared;  // pairs with itself
    const HomeProcess home_;
    LoadCounters counters_;
    const std::shared_ptr<Pending> pending_ = std::make_shared<Pending>();
};

}  // namespace tutti
