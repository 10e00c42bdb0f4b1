// The loads of one cache: which there are, who joins which, which of them an invalidation poisons,
// and whose turn it is. Rules and containers; no I/O.
//
// Per key at most two loads run at once, the second only for readers who may not join the first (it
// was poisoned, or there is no effective lease); a reader that may join neither waits for a third
// that has not begun (R3b). Per cache at most `running_max` run; the others wait their turn in
// `LoadQueue`.
//
// Every flight that has not ended is found here by its key. An invalidation poisons those of its
// key; dropping everything ends the generation, and with it what is of an older one (R2).
//
// Thread-safety: none; what the cache's mutex guards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <boost/container/small_vector.hpp>

#include "load/batch.hpp"
#include "load/deadlines.hpp"
#include "load/flight.hpp"
#include "load/load_queue.hpp"
#include "load/waiter.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/answer.hpp"

namespace tutti {

class Flights {
public:
    using Readers = Flight::Readers;

    struct Ask {
        std::string text;
        std::shared_ptr<const void> key;
        Intent intent;
        TimePoint now;
        bool told = false;                       // this node has heard of every change up to now
        std::shared_ptr<Batch> batch = nullptr;  // that a new one belongs to; may be null
    };
    struct Joined {
        FlightPointer flight;  // null: a further load would have to wait, and too many do
        bool is_new = false;
    };
    // What has had its time: a reader, who has been taken off its flight, or (null) the load. Or a
    // last known good would do for the reader now, and without one it waits on.
    struct Late {
        FlightPointer flight;
        std::shared_ptr<Waiter> reader;
        bool waits_on = false;
    };

    explicit Flights(LoadQueue::Options bounds) : queue_(bounds) {}
    Flights(const Flights&) = delete;
    Flights& operator=(const Flights&) = delete;
    ~Flights() { (void)end_all(); }

    // The flight that this reader may wait for, which may be a new one; then `add` the reader.
    // Takes text and key if it is.
    [[nodiscard]] Joined join(Ask& ask);
    // It is late at `until`, and once before: at `stale_from`, if that is to come yet.
    void add(Flight& flight, std::shared_ptr<Waiter> reader, TimePoint until, TimePoint now);
    // It has its answer, and the load goes on: it is taken off, unless no other reader waits. Then
    // it stays until its own deadline, and the load is as wanted as it was.
    void settled(Flight& flight, Waiter& reader);
    // Whether a last known good will do by now for one of its readers.
    [[nodiscard]] static bool is_hasty(const Flight& flight, TimePoint now);
    // Those of whom that is true; they are settled.
    [[nodiscard]] Readers settle(Flight& flight, TimePoint now);

    // Whether there is one of that key.
    [[nodiscard]] bool knows(const std::string& text) const { return slots_.contains(text); }

    // When the load of that key began which a reader may join now; nothing: there is none, or it
    // has read nothing yet.
    [[nodiscard]] std::optional<TimePoint> joined_since(const std::string& text) const;

    // Whose turn it is: counts as running until it ends. Null: none may begin. Then it must begin.
    [[nodiscard]] FlightPointer take(TimePoint now);
    // When the load is abandoned.
    void set_deadline(Flight& flight, TimePoint when) { deadlines_.set(flight.deadline, when); }
    void clear_deadline(Flight& flight) noexcept { deadlines_.clear(flight.deadline); }

    // R3. A flight that has not begun to read is as good as new.
    void poison(const std::string& text);
    // All at once; every flight that begins from now on is of the next generation.
    void poison_all() noexcept { ++generation_; }
    // R11. Which tags a running load will bring is not known before its end: from now on no reader
    // joins one that runs, and what it brings may be kept unless it carries this tag.
    void poison_tag(const std::string& tag);
    [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }
    // So many tags were invalidated.
    [[nodiscard]] std::uint64_t tag_changes() const noexcept { return tag_changes_; }
    // Whether its flight may be joined: nothing that may concern what it brings was invalidated
    // since.
    [[nodiscard]] bool is_clean(const Flight& flight) const noexcept {
        return is_current(flight) && flight.tag_changes == tag_changes_;
    }
    // Whether a value that carries these, which it brings or which was there when it began, may be
    // kept and used.
    [[nodiscard]] bool may_keep(const Flight& flight, std::span<const std::string> tags) const;
    // The store's last known good, as old as it is by now, unless it was invalidated since.
    [[nodiscard]] std::optional<detail::RawLookup> last_good(const Flight& flight,
                                                             TimePoint now) const;

    // Ends it, and lets the next one of its key have a turn. Returns who still waited. Requires: it
    // has not ended, and the caller owns it.
    [[nodiscard]] Readers end(Flight& flight);
    // The same of all; `flights` are to be destroyed after the mutex is released, too.
    struct Ended {
        Readers readers;
        std::vector<FlightPointer> flights;
    };
    [[nodiscard]] Ended end_all();
    // A load of a batch awaits the worker that asks the source for all of them, or it will do so
    // without the others, or not at all.
    void reach_source(Flight& flight);
    void leave_batch(Flight& flight);
    // No load is added to it any more.
    void close(const std::shared_ptr<Batch>& batch) { approach(batch); }
    // One whose loads are to be called for. Null: there is none.
    [[nodiscard]] std::shared_ptr<Batch> take_batch();

    // Who waits, while the flight goes on without them.
    [[nodiscard]] Readers take_readers(Flight& flight);

    // When `take_late` has something; TimePoint::max(): never.
    [[nodiscard]] TimePoint earliest_deadline() const noexcept;
    [[nodiscard]] std::vector<Late> take_late(TimePoint now);

    [[nodiscard]] std::size_t waiting() const noexcept { return queue_.waiting(); }
    // Those whose token may be that of a claim.
    [[nodiscard]] std::vector<FlightPointer> with_token() const;

private:
    // Of one key. Only the newest of the active ones may be joined; `next` waits until fewer are.
    struct Slot {
        boost::container::small_vector<FlightPointer, 2> active;
        FlightPointer next;
    };

    static constexpr std::size_t changed_tags_max = 1000;

    [[nodiscard]] bool is_current(const Flight& flight) const noexcept {
        return !flight.poisoned && flight.generation == generation_;
    }
    [[nodiscard]] std::uint64_t oldest_running() const;
    [[nodiscard]] bool joinable(const Flight& flight, const Ask& ask) const;
    void activate(Slot& slot, const FlightPointer& flight);
    void leave_slot(const Flight& flight);
    void approach(const std::shared_ptr<Batch>& batch);               // one fewer is on its way
    std::shared_ptr<Waiter> wait_on(Flight& flight, Waiter& reader);  // to its own deadline
    [[nodiscard]] std::shared_ptr<Waiter> take_reader(Flight& flight, const Waiter& reader);

    std::unordered_map<std::string, Slot> slots_;
    LoadQueue queue_;
    Deadlines deadlines_;
    std::vector<std::shared_ptr<Batch>> at_source_;
    std::uint64_t generation_ = 1;
    std::uint64_t tag_changes_ = 0;
    // Which of the changes was a tag's last; of those that a running load may have missed.
    std::unordered_map<std::string, std::uint64_t> changed_tags_;
};

}  // namespace tutti
