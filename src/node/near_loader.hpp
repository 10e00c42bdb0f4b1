// How a `near` cache is made of two: its documents, read from the store and parsed on a worker, and the
// answers that are projected from them.
#pragma once

#include <memory>

#include "load/cache_core.hpp"
#include "tutti/near.hpp"

namespace tutti {

// The options of the cache that keeps the documents of `answers` parsed.
[[nodiscard]] detail::CacheSpec document_spec(const detail::CacheSpec& answers,
                                              const detail::NearSpec& near,
                                              const LoadEnvironment& environment);

// The loader of the answers.
[[nodiscard]] detail::RawLoader answer_loader(std::shared_ptr<CacheCore> documents, Ttl ttl,
                                              detail::NearSpec near);

}  // namespace tutti
