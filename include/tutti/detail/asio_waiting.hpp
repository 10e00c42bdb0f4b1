// Handlers of Asio that wait for an answer from outside of their execution context, and what
// becomes of them when the context dies first: they are destroyed with it, as those are that wait
// for a socket.
//
// An executor is a pointer into its context, so an answer may only use it while the context lives.
// A context tells its services before it dies; ours then takes back every handler that waits and
// lets nothing near the executor any more.
//
// Thread-safety: every function from any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution/context_as.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>

#include "tutti/detail/mutex.hpp"

namespace tutti::detail {

// A handler that waits, whatever its type.
class WaitingHandler {
public:
    virtual ~WaitingHandler() = default;
    virtual void destroy_handler() noexcept = 0;

private:
    friend class ContextLife;
    std::list<std::shared_ptr<WaitingHandler>>::iterator place_;
    bool waits_ = false;
};

// Whether a context lives, and the handlers on it that wait.
class ContextLife {
public:
    // While one exists the context cannot die.
    class Pin {
    public:
        Pin() = default;
        explicit Pin(std::shared_ptr<ContextLife> life) noexcept : life_(std::move(life)) {}
        Pin(Pin&& other) noexcept = default;
        Pin& operator=(Pin&&) = delete;
        ~Pin() {
            if (life_) life_->unpin();
        }
        explicit operator bool() const noexcept { return life_ != nullptr; }

    private:
        std::shared_ptr<ContextLife> life_;
    };

    // Empty: the context is dead, or dies.
    static Pin pin(const std::shared_ptr<ContextLife>& life) {
        const Lock lock(life->mutex_);
        if (life->dead_) return {};
        ++life->pins_;
        return Pin(life);
    }

    // Requires: pinned.
    void enter(std::shared_ptr<WaitingHandler> handler) {
        const Lock lock(mutex_);
        WaitingHandler& entered = *handler;
        entered.place_ = waiting_.insert(waiting_.end(), std::move(handler));
        entered.waits_ = true;
    }
    // With a pin for exactly one caller, who owns the handler from then on.
    static Pin take(const std::shared_ptr<ContextLife>& life, WaitingHandler& handler) {
        std::shared_ptr<WaitingHandler> owned;  // let go behind the lock
        const Lock lock(life->mutex_);
        if (!std::exchange(handler.waits_, false)) return {};
        owned = std::move(*handler.place_);
        life->waiting_.erase(handler.place_);
        ++life->pins_;
        return Pin(life);
    }

    void end() noexcept {
        std::list<std::shared_ptr<WaitingHandler>> waiting;
        {
            Lock lock(mutex_);
            dead_ = true;
            waiting.swap(waiting_);
            for (const auto& handler : waiting) handler->waits_ = false;
            unpinned_.wait(lock.waiting(), [this]() TUTTI_REQUIRES(mutex_) { return pins_ == 0; });
        }
        for (const auto& handler : waiting) handler->destroy_handler();
    }

private:
    void unpin() noexcept {
        const Lock lock(mutex_);
        if (--pins_ == 0) unpinned_.notify_all();
    }

    Mutex mutex_;
    std::condition_variable unpinned_;
    std::list<std::shared_ptr<WaitingHandler>> waiting_ TUTTI_GUARDED_BY(mutex_);
    std::size_t pins_ TUTTI_GUARDED_BY(mutex_) = 0;
    bool dead_ TUTTI_GUARDED_BY(mutex_) = false;
};

// By which a context tells.
class ContextLifeService final : public boost::asio::execution_context::service {
public:
    inline static boost::asio::execution_context::id id;

    explicit ContextLifeService(boost::asio::execution_context& context) : service(context) {}

    [[nodiscard]] const std::shared_ptr<ContextLife>& life() const noexcept { return life_; }

private:
    void shutdown() noexcept override { life_->end(); }

    const std::shared_ptr<ContextLife> life_ = std::make_shared<ContextLife>();
};

// Of an executor that names no context nothing is known: it has to live as long as its handlers
// wait.
template <class Executor>
std::shared_ptr<ContextLife> context_life(const Executor& executor) {
    namespace asio = boost::asio;
    using Context = asio::execution::context_as_t<asio::execution_context&>;
    if constexpr (asio::can_query_v<const Executor&, const Context&>) {
        asio::execution_context& context = asio::query(executor, Context{});
        return asio::use_service<ContextLifeService>(context).life();
    } else {
        return std::make_shared<ContextLife>();
    }
}

// An executor for as long as its context lives. It is let go before the context is destroyed,
// because the destructor of an executor may use its context, too.
template <class Executor>
class LentExecutor final : public WaitingHandler {
public:
    explicit LentExecutor(Executor executor)
        : life_(context_life(executor)), executor_(std::move(executor)) {}

    // A lender, and when the loader that has it is destroyed, nothing waits any more.
    static std::shared_ptr<LentExecutor> lend(Executor executor) {
        auto lent = std::make_shared<LentExecutor>(std::move(executor));
        lent->life_->enter(lent);
        return {lent.get(), [lent](LentExecutor*) {
                    if (const auto pin = ContextLife::take(lent->life_, *lent)) {
                        lent->executor_.reset();
                    }
                }};
    }

    [[nodiscard]] ContextLife::Pin pin() const { return ContextLife::pin(life_); }
    // Requires: pinned.
    [[nodiscard]] const Executor& executor() const { return *executor_; }

    void destroy_handler() noexcept override { executor_.reset(); }

private:
    const std::shared_ptr<ContextLife> life_;
    std::optional<Executor> executor_;
};

// One handler that waits for one answer, which comes as a Delivery.
template <class Handler>
class Waiting final : public WaitingHandler, public std::enable_shared_from_this<Waiting<Handler>> {
public:
    explicit Waiting(Handler handler)
        : executor_(boost::asio::get_associated_executor(handler)),
          life_(context_life(*executor_)),
          handler_(std::in_place, std::move(handler)) {}

    // Requires: within the initiating function, where the context lives.
    void begin() {
        const auto pin = ContextLife::pin(life_);
        if (!pin) return destroy_handler();
        work_.emplace(*executor_);  // the context's `run` goes on until the answer is there
        life_->enter(this->shared_from_this());
    }

    // The first answer wins. Posted, never called from here: an answer that is there at once would
    // otherwise resume its coroutine inside itself, once for each hit.
    template <class Given>
    void answer(Given given) {
        const auto pin = ContextLife::take(life_, *this);
        if (!pin) return;
        const auto executor = *std::exchange(executor_, std::nullopt);
        const auto work = *std::exchange(work_, std::nullopt);
        boost::asio::post(executor, [handler = *std::exchange(handler_, std::nullopt),
                                     given = std::move(given)]() mutable {
            boost::asio::get_associated_cancellation_slot(handler).clear();
            std::move(handler)(std::move(given).take());
        });
    }

    void destroy_handler() noexcept override {
        handler_.reset();
        work_.reset();
        executor_.reset();
    }

private:
    using Executor = boost::asio::associated_executor_t<Handler>;

    std::optional<Executor> executor_;
    const std::shared_ptr<ContextLife> life_;
    std::optional<boost::asio::executor_work_guard<Executor>> work_;
    std::optional<Handler> handler_;
};

}  // namespace tutti::detail
