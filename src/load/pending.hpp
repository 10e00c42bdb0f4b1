// Operations that wait for the store and for nothing else of ours: none of them outlives the node,
// because `close` answers those that the store has not. Flights have waiters of their own, see
// CacheCore.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "tutti/detail/mutex.hpp"
#include "tutti/error.hpp"
#include "tutti/store.hpp"

namespace tutti {

class Pending : public std::enable_shared_from_this<Pending> {
public:
    // `done`, which runs once: when it is first called, or by `close` with `stopped`; after
    // `close`, at once. Further calls do nothing.
    template <class T>
    [[nodiscard]] Completion<T> track(Completion<T> done, Error stopped) {
        auto held = std::make_shared<Completion<T>>(std::move(done));
        const Id id = add(
            [held, stopped = std::move(stopped)]() mutable { (*held)(fail(std::move(stopped))); });
        return [self = shared_from_this(), held = std::move(held), id](Result<T> answer) {
            if (self->take(id)) (*held)(std::move(answer));
        };
    }

    void close() {
        std::map<Id, End> ended;
        {
            const detail::Lock lock(mutex_);
            closed_ = true;
            ended.swap(ends_);
        }
        for (auto& [id, end] : ended) end();
    }

private:
    using Id = std::uint64_t;
    using End = std::move_only_function<void()>;

    Id add(End end) {
        detail::Lock lock(mutex_);
        const Id id = ++last_id_;
        if (!closed_) {
            ends_.emplace(id, std::move(end));
        } else {
            lock.unlock();
            end();
        }
        return id;
    }
    // True: it has no answer yet.
    [[nodiscard]] bool take(Id id) {
        std::map<Id, End>::node_type taken;  // destroyed after the lock: it owns a completion
        const detail::Lock lock(mutex_);
        taken = ends_.extract(id);
        return !taken.empty();
    }

    detail::Mutex mutex_;
    std::map<Id, End> ends_ TUTTI_GUARDED_BY(mutex_);
    Id last_id_ TUTTI_GUARDED_BY(mutex_) = 0;
    bool closed_ TUTTI_GUARDED_BY(mutex_) = false;
};

}  // namespace tutti
