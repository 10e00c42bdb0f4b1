// Asio's completion tokens for every asynchronous operation, and loaders that are coroutines:
//
//     auto found = co_await activations.get(id, boost::asio::use_awaitable);
//     .load = tutti::awaitable_loader<ChannelId, Activation>(
//         executor, [](ChannelId id, LoadContext c) ->
//         boost::asio::awaitable<tutti::Result<Activation>> { ... })
//
// The answer is the coroutine's value, a Result: nothing is thrown for an expected failure. The
// handler is posted to its associated executor, also when the answer is there at once.
//
// Cancellation: the token's cancellation slot ends the wait, at once and with Errc::cancelled (an
// Invalidation is `unconfirmed`). So `(get || timer)` returns when the timer does. What was asked
// for goes on, for the cache and for its other readers: cancelling one cancels no other. One thing
// is given back: a reservation that is granted when its caller waits no longer, because no attempt
// is left that could release it. `Node::start` and `stop` go on, too.
//
// Lifetime: a context may die while its handlers wait; they are destroyed with it, as those that
// wait for a socket are. An executor that names no context (no query for `execution::context`) must
// outlive them.
//
// A handler that names no executor (a cancellation slot alone, `use_future`) is called on the
// threads of Asio's system context. A child that is forked behind its first use must not call
// exit(), which would wait for them: it calls `_exit`, or the handler is bound to an executor.
// `detached` needs none.
//
// GCC 12 destroys a braced temporary twice that stands in a `co_await` expression: build keys that
// are aggregates in a statement of their own, and await in the next.
//
//     const Key key{.guild = guild, .channel = channel};
//     auto found = co_await cache.get(key, boost::asio::use_awaitable);
#pragma once

#include <concepts>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "tutti/cache.hpp"
#include "tutti/detail/asio_waiting.hpp"

namespace tutti {

namespace detail {

template <class Token, class Answer>
    requires(!CompletionFunction<Token, Answer> && !std::same_as<Token, boost::asio::detached_t>)
struct AsyncStart<Token, Answer> {
    template <class Start, class Report, class Take = NotTaken>
    static auto run(Start start, Token token, Report report, Take not_taken = {}) {
        return boost::asio::async_initiate<Token, void(Answer)>(
            [](auto handler, Start begin, Report handed, Take take_back) {
                const auto slot = boost::asio::get_associated_cancellation_slot(handler);
                const auto waiting =
                    std::make_shared<Waiting<decltype(handler)>>(std::move(handler));
                waiting->begin();
                if (slot.is_connected()) cancel_by(slot, waiting);
                auto give = [waiting, report = std::move(handed),
                             take_back = std::move(take_back)](Answer answer) {
                    const auto posted = guarded({.name = "completion"}, [&] {
                        waiting->answer(Delivery<Answer, Take>(std::move(answer), take_back));
                    });
                    if (!posted) report(posted.error());
                };
                begin(Answering<Answer, decltype(give)>(std::move(give)));
            },
            token, std::move(start), std::move(report), std::move(not_taken));
    }

private:
    template <class Slot, class Waiting>
    static void cancel_by(Slot slot, const std::shared_ptr<Waiting>& waiting) {
        slot.assign([weak = std::weak_ptr(waiting)](boost::asio::cancellation_type) {
            const auto cancelled = weak.lock();
            if (!cancelled) return;
            cancelled->answer(Delivery<Answer, NotTaken>(
                NoAnswer<Answer>::because(Errc::cancelled, "the caller waits no longer"), {}));
        });
    }
};

// Nothing is told, and so nothing to be posted: Asio would start the threads of its system
// context for it.
template <class Answer>
struct AsyncStart<boost::asio::detached_t, Answer> {
    template <class Start, class Report, class Take = NotTaken>
    static void run(Start start, boost::asio::detached_t, const Report&, const Take& = {}) {
        start([](const Answer&) {});
    }
};

// What `function` awaits need not be default-constructible, as co_spawn would want it to be.
template <class K, class V, class F, class Done>
boost::asio::awaitable<void> load_in_coroutine(std::shared_ptr<F> function, K key,
                                               LoadContext context, Done done) {
    using Answer = typename std::invoke_result_t<F&, K, LoadContext>::value_type;
    std::exception_ptr thrown;
    std::optional<Answer> answer;
    try {
        auto loading = (*function)(std::move(key), std::move(context));
        answer.emplace(co_await std::move(loading));
    } catch (...) {
        thrown = std::current_exception();
    }
    done(guarded({.name = "load"}, [&] {
        if (thrown) std::rethrow_exception(thrown);
        return Loader<K, V>::answer(*std::move(answer));
    }));
}

}  // namespace detail

// `function(K, LoadContext)` is a coroutine that returns awaitable<Result<V>>, awaitable<V> or any
// other type that a plain loader may return; it runs on `executor`. When the executor's context has
// died, loads that run and all later ones fail with Errc::load_failed.
template <class K, class V, class Executor, class F>
Loader<K, V> awaitable_loader(Executor executor, F function) {
    return Loader<K, V>([lent = detail::LentExecutor<Executor>::lend(std::move(executor)),
                         function = std::make_shared<F>(std::move(function))](
                            const K& key, LoadContext context, Completion<Loaded<V>> done) {
        // A coroutine may be destroyed with its context, half-way.
        detail::Answering<Result<Loaded<V>>, Completion<Loaded<V>>> answered(
            std::move(done), Errc::load_failed, "the executor of the loader has gone");
        const auto pin = lent->pin();
        if (!pin) return;
        boost::asio::co_spawn(
            lent->executor(),
            detail::load_in_coroutine<K, V>(function, key, context, std::move(answered)),
            boost::asio::detached);
    });
}

}  // namespace tutti
