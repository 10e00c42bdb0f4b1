// How an asynchronous operation is started, by the kind of token that it is given.
#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include "tutti/detail/guarded.hpp"
#include "tutti/detail/own_threads.hpp"

namespace tutti::detail {

// Completion tokens of Asio may be callable too: not for the sake of the effect, or bound to an
// executor or a cancellation slot, which a plain call would pass over.
template <class Token>
concept BoundHandler = requires { typename Token::executor_type; } ||
                       requires { typename Token::cancellation_slot_type; };
template <class Token, class Answer>
concept CompletionFunction =
    std::is_void_v<std::invoke_result_t<Token&, Answer>> && !BoundHandler<Token>;

// What becomes of an answer that no one takes any more: nothing, where it stands for nothing.
struct NotTaken {
    template <class Answer>
    void operator()(const Answer& /*answer*/) const noexcept {}
};

// An answer on its way to a handler. One that does not get there, because its caller was cancelled
// or the context of the handler has gone, is given to `not_taken`, which must not throw.
template <class Answer, class Take>
class Delivery {
public:
    Delivery(Answer answer, Take not_taken)
        : answer_(std::move(answer)), not_taken_(std::move(not_taken)) {}
    Delivery(Delivery&& other) noexcept
        : answer_(std::exchange(other.answer_, std::nullopt)),
          not_taken_(std::move(other.not_taken_)) {}
    Delivery& operator=(Delivery&&) = delete;
    ~Delivery() {
        if (answer_) not_taken_(*answer_);
    }

    [[nodiscard]] Answer take() && { return *std::exchange(answer_, std::nullopt); }

private:
    std::optional<Answer> answer_;
    Take not_taken_;
};

// Starts an asynchronous operation in the way that `token` asks for. A token that can be called
// with the answer is called with it, on an unspecified thread, possibly before the call returns,
// and never inside another completion of the same thread. What it throws goes to `report`, which
// takes an Error: here, because a completion that is put off runs behind another one, of another
// cache. <tutti/asio.hpp> adds Asio's completion tokens, whose callers may be cancelled:
// `not_taken` is called with an answer that came too late for its caller.
template <class Token, class Answer>
struct AsyncStart;

template <class Token, class Answer>
    requires CompletionFunction<Token, Answer>
struct AsyncStart<Token, Answer> {
    template <class Start, class Report, class Take = NotTaken>
    static void run(Start&& start, Token token, Report report, const Take& /*not_taken*/ = {}) {
        std::forward<Start>(start)(
            [token = std::move(token), report = std::move(report)](Answer answer) mutable {
                in_turn([token = std::move(token), report = std::move(report),
                         answer = std::move(answer)]() mutable noexcept {
                    const auto called =
                        guarded({.name = "completion"}, [&] { token(std::move(answer)); });
                    if (!called) report(called.error());
                });
            });
    }
};

}  // namespace tutti::detail
