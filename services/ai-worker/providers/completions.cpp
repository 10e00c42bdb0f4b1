#include "ai-worker/providers/completions.hpp"

#include <optional>
#include <utility>
#include <vector>

#include <boost/describe/class.hpp>

#include "ai-worker/providers/upstream.hpp"
#include "tutti/json.hpp"

namespace tutti::services::worker::providers {
namespace {

struct CompletionMessage {
    std::optional<std::string> content;
};
BOOST_DESCRIBE_STRUCT(CompletionMessage, (), (content))

struct CompletionChoice {
    CompletionMessage message;
    std::optional<std::string> finish_reason;
};
BOOST_DESCRIBE_STRUCT(CompletionChoice, (), (message, finish_reason))

// Some providers answer 200 and say in the body that it failed.
struct CompletionAnswer {
    std::optional<std::vector<CompletionChoice>> choices;
};
BOOST_DESCRIBE_STRUCT(CompletionAnswer, (), (choices))

ProviderFailure wrong(std::string_view upstream, FailureCategory category, std::string cause) {
    return {.error = {Errc::load_failed, std::string(upstream), std::move(cause)},
            .category = category};
}

// {"error":{"code":<status as a number>}}, or nothing.
std::optional<FailureCategory> failure_in_answer(std::string_view body) {
    const auto parsed = json::parse(body, json::any_length);
    if (!parsed || !parsed->is_object()) return std::nullopt;
    const auto* error = parsed->get_object().if_contains("error");
    if (error == nullptr || !error->is_object()) return std::nullopt;
    const auto* code = error->get_object().if_contains("code");
    const int status =
        code != nullptr && code->is_int64() ? static_cast<int>(code->get_int64()) : 0;
    return category_of(status, body);
}

}  // namespace
}  // namespace tutti::services::worker::providers

template <>
inline constexpr auto tutti::json::naming<tutti::services::worker::providers::CompletionChoice> =
    tutti::json::Naming::as_is;

namespace tutti::services::worker::providers {

Answered<std::string> read_completion(std::string_view body, std::string_view upstream) {
    const auto failed = [&](FailureCategory category, std::string cause) {
        return std::unexpected(wrong(upstream, category, std::move(cause)));
    };
    if (body.empty()) return failed(FailureCategory::empty, "the answer is empty");
    auto answer = json::read<CompletionAnswer>(body);
    if (!answer || !answer->choices) {
        if (const auto told = failure_in_answer(body)) {
            return failed(*told,
                          "it answered that it failed (" + std::string(to_string(*told)) + ')');
        }
        return failed(FailureCategory::unknown, "the answer cannot be read");
    }
    if (answer->choices->empty()) return failed(FailureCategory::empty, "the answer is empty");
    CompletionChoice& first = answer->choices->front();
    if (first.finish_reason == "content_filter") {
        return failed(FailureCategory::censored, "the answer was withheld by a filter");
    }
    if (!first.message.content || first.message.content->empty()) {
        return failed(FailureCategory::empty, "the answer is empty");
    }
    return *std::move(first.message.content);
}

}  // namespace tutti::services::worker::providers
