// The one guard around every call of a function of the user's: loaders, codecs, weighers,
// completions, the log. Whatever it throws, a std::exception or not, becomes an Error that names
// the function and the cache. Nothing passes, because an exception that leaves a node's thread ends
// the process.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tutti/error.hpp"

namespace tutti::detail {

// Which function is called, for the error.
struct UserFunction {
    std::string_view name;            // as its option is called: "admit"
    std::string_view operation = {};  // "get"; empty: the caller will say
    std::string_view cache = {};
    Errc code = Errc::load_failed;
};

// Requires: in a catch clause.
[[nodiscard]] inline Error thrown_by(const UserFunction& function) {
    std::string cause(function.name);
    try {
        throw;
    } catch (const std::exception& error) {
        const char* const what = error.what();
        cause.append(" threw: ").append(what != nullptr ? what : "an exception without a text");
    } catch (...) {
        cause.append(" threw something that is no std::exception");
    }
    std::string operation(function.operation);
    if (!function.cache.empty()) operation.append(" ").append(function.cache);
    return {function.code, std::move(operation), std::move(cause)};
}

template <class T>
struct ResultOf {
    using type = Result<T>;
};
template <class T>
struct ResultOf<Result<T>> {
    using type = Result<T>;
};

// What `call` returns, which may be a Result itself, or what it threw.
template <class Call>
[[nodiscard]] auto guarded(const UserFunction& function, Call&& call) ->
    typename ResultOf<std::remove_cvref_t<std::invoke_result_t<Call&>>>::type {
    try {
        if constexpr (std::is_void_v<std::invoke_result_t<Call&>>) {
            call();
            return {};
        } else {
            return call();
        }
    } catch (...) {
        return std::unexpected(thrown_by(function));
    }
}

}  // namespace tutti::detail
