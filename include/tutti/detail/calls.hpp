// How the facades call what is the user's: the text of a key, and what a completion throws.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "tutti/detail/cache.hpp"
#include "tutti/detail/guarded.hpp"
#include "tutti/detail/own_threads.hpp"
#include "tutti/detail/wait_for.hpp"
#include "tutti/key.hpp"

namespace tutti::detail {

// Who is told what a completion has thrown.
template <class Called>
class ReportTo {
public:
    explicit ReportTo(std::shared_ptr<Called> called) noexcept : called_(std::move(called)) {}
    void operator()(const Error& error) const noexcept {
        if (called_) called_->report("completion", error);
    }

private:
    std::shared_ptr<Called> called_;
};

[[nodiscard]] inline UserFunction key_text(std::string_view operation, std::string_view cache) {
    return {
        .name = "KeyText", .operation = operation, .cache = cache, .code = Errc::invalid_option};
}

template <Key K>
[[nodiscard]] std::string text_of(const K& key) {
    return std::string(std::string_view(KeyText<K>::text(key)));
}
template <Key K>
[[nodiscard]] Result<std::string> text_of(const K& key, std::string_view operation,
                                          std::string_view cache) {
    return guarded(key_text(operation, cache), [&] { return text_of(key); });
}

// The same for a call that blocks.
template <Key K>
[[nodiscard]] Result<std::string> text_for_waiting(const K& key, std::string_view operation,
                                                   std::string_view cache) {
    if (auto error = cannot_wait(operation, cache)) return fail(*std::move(error));
    return text_of(key, operation, cache);
}

}  // namespace tutti::detail
