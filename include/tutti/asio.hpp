// Asio's completion tokens for every asynchronous operation, and loaders that are coroutines:
//
//     auto found = co_await activations.get(id, boost::asio::use_awaitable);
//     .load = tutti::awaitable_loader<ChannelId, Activation>(executor, [](ChannelId id, LoadContext c)
//         -> boost::asio::awaitable<tutti::Result<Activation>> { ... })
//
// The answer is the coroutine's value, a Result: nothing is thrown for an expected failure. The
// handler runs on its associated executor. Cancelling one waiter does not cancel the load; it is not
// supported to cancel a read, its deadline ends it.
#pragma once

#include <exception>
#include <memory>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include "tutti/cache.hpp"

namespace tutti {

namespace detail {

template <class Token, class Answer>
    requires(!CompletionFunction<Token, Answer>)
struct AsyncStart<Token, Answer> {
    template <class Start>
    static auto run(Start start, Token token) {
        return boost::asio::async_initiate<Token, void(Answer)>(
            [](auto handler, Start begin) {
                auto executor = boost::asio::get_associated_executor(handler);
                // Keeps the handler's context running until the answer is there.
                auto work = boost::asio::make_work_guard(executor);
                begin([handler = std::move(handler), work = std::move(work),
                       executor](Answer answer) mutable {
                    boost::asio::dispatch(executor, [handler = std::move(handler),
                                                     answer = std::move(answer)]() mutable {
                        std::move(handler)(std::move(answer));
                    });
                    work.reset();
                });
            },
            token, std::move(start));
    }
};

}  // namespace detail

// `function(K, LoadContext)` is a coroutine that returns awaitable<Result<V>>, awaitable<V> or any
// other type that a plain loader may return; it runs on `executor`, which must outlive the node.
template <class K, class V, class Executor, class F>
Loader<K, V> awaitable_loader(Executor executor, F function) {
    return Loader<K, V>([executor, function = std::make_shared<F>(std::move(function))](
                            const K& key, LoadContext context, Completion<Loaded<V>> done) {
        boost::asio::co_spawn(
            executor, (*function)(key, context),
            [done = std::move(done), function](const std::exception_ptr& thrown,
                                               auto answer) mutable {
                if (!thrown) return done(Loader<K, V>::answer(std::move(answer)));
                try {
                    std::rethrow_exception(thrown);
                } catch (const std::exception& error) {
                    done(fail(Errc::load_failed, "load", error.what()));
                } catch (...) {
                    done(fail(Errc::load_failed, "load", "the loader threw no exception type"));
                }
            });
    });
}

}  // namespace tutti
