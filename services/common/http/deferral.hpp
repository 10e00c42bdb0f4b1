// The meeting point of a deferred answer, which may come from any thread at any time or never, and
// of the connection that waits for it and may end first.
//
// The answer is taken once, before `close`; afterwards it is ignored, so what answers may outlive
// the server. `wake` is never called after `close` has returned.
//
// Thread-safety: `begin` on one thread, then the rest from any.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "common/http/message.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::services::http {

class Deferral {
public:
    // `wake` is called once, when the answer is there, on the thread that gives it. It must not
    // block, nor call anything of this object.
    explicit Deferral(std::function<void()> wake) : wake_(std::move(wake)) {}

    // Calls `start`. What it throws is a 500.
    static void begin(const std::shared_ptr<Deferral>& deferral, const Start& start);

    [[nodiscard]] bool answered() const;
    // The answer. When there is none yet, none is taken any more, and what works on it is told.
    [[nodiscard]] std::optional<Response> close();

private:
    void answer(Response response);

    mutable detail::Mutex mutex_;
    std::function<void()> wake_ TUTTI_GUARDED_BY(mutex_);        // empty: answered or closed
    std::optional<Response> response_ TUTTI_GUARDED_BY(mutex_);  // until `close`
    std::function<void()> cancel_ TUTTI_GUARDED_BY(mutex_);
};

}  // namespace tutti::services::http
