#include "node/near_cache.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace tutti {

namespace {

detail::RawLoaded cannot_tell(std::string reason) {
    return {.value = nullptr,
            .answer = Answer::unknown,
            .detail = std::move(reason),
            .cacheable = false};
}

Result<detail::RawLoaded> parsed(const detail::NearSpec& near, const std::string& key,
                                 const std::string& bytes) {
    if (bytes.size() > near.document_bytes_max) {
        return cannot_tell("the document " + key + " has " + std::to_string(bytes.size()) +
                           " bytes, allowed are " + std::to_string(near.document_bytes_max));
    }
    auto document = near.decode(bytes);
    if (!document) {
        return cannot_tell("the document " + key + " is unreadable: " + document.error().message());
    }
    return detail::RawLoaded{.value = *std::move(document), .answer = Answer::found, .detail = {}};
}

// The answer for a key when its document, if there is one, says so.
Result<detail::RawLoaded> project(const detail::NearSpec& near, const void* key, Ttl ttl,
                                  const Result<detail::RawLookup>& document) {
    if (document && document->value) {
        auto answer = near.project(key, document->value.get());
        // As old as the document already is.
        const bool ages = answer && !answer->ttl && !ttl.is_never();
        if (ages) answer->ttl = ttl.lifetime() - document->age;
        return answer;
    }
    std::string reason = document ? document->degraded : document.error().message();
    if (!near.otherwise) return cannot_tell(std::move(reason));
    auto guess = near.otherwise(key);
    if (!guess) return guess;
    guess->guessed = true;
    guess->cacheable = false;
    guess->detail = std::move(reason);
    return guess;
}

// The options of the cache that keeps the documents of `answers` parsed.
detail::CacheSpec document_spec(const detail::CacheSpec& answers, const detail::NearSpec& near,
                                const LoadEnvironment& environment) {
    detail::CacheSpec spec{.name = answers.name + "-documents",
                           .caches = "documents of " + answers.name,
                           .stale = answers.stale,
                           .ttl = answers.ttl,
                           .bound = entries(near.documents_max),
                           .load_deadline = answers.load_deadline,
                           .loads_max = answers.loads_max,
                           .loads_queued_max = answers.loads_queued_max};
    const Workers::Lane lane =
        environment.workers->open_lane("documents of cache " + answers.name, answers.loads_max);
    spec.load.asynchronous = [near, environment, lane, name = answers.name](
                                 const std::shared_ptr<const void>& key, const LoadContext& context,
                                 Completion<detail::RawLoaded> done) {
        const std::string& text = *static_cast<const std::string*>(key.get());
        environment.store->get(
            text, context.deadline(),
            [near, environment, lane, name, text,
             done = std::move(done)](Result<std::optional<std::string>> found) mutable {
                if (!found) return done(cannot_tell(found.error().message()));
                if (!*found) return done(cannot_tell("the store has no document " + text));
                auto shared = std::make_shared<Completion<detail::RawLoaded>>(std::move(done));
                // Parsing may take long: not on the thread that renews leases.
                const bool taken = environment.workers->try_post(
                    lane, [near, text, shared, bytes = **std::move(found)] {
                        (*shared)(parsed(near, text, bytes));
                    });
                if (!taken) {
                    (*shared)(fail(Errc::overloaded, "load " + name,
                                   "too many documents wait for a worker: raise "
                                   "NodeOptions::workers or worker_queue_max"));
                }
            });
    };
    return spec;
}

Result<std::shared_ptr<const std::string>> document_key(
    const std::function<std::string(const void*)>& document, const void* key) {
    auto text = detail::guarded({.name = "document"}, [&] { return document(key); });
    if (!text) return fail(std::move(text).error());
    return std::make_shared<const std::string>(*std::move(text));
}

// The loader of the answers.
detail::RawLoader answer_loader(std::shared_ptr<CacheCore> documents, Ttl ttl,
                                detail::NearSpec near) {
    detail::RawLoader loader;
    loader.asynchronous = [documents = std::move(documents), ttl, near = std::move(near)](
                              const std::shared_ptr<const void>& key, const LoadContext& context,
                              Completion<detail::RawLoaded> done) {
        const auto text = document_key(near.document, key.get());
        if (!text) return done(fail(text.error()));
        if (auto hit = documents->hit(**text)) {
            return done(project(near, key.get(), ttl, *hit));
        }
        documents->load(**text, *text, context.remaining(),
                        [near, key, ttl, done = std::move(done)](
                            const Result<detail::RawLookup>& document) mutable {
                            done(project(near, key.get(), ttl, document));
                        });
    };
    return loader;
}

std::shared_ptr<CacheCore> make_answers(detail::CacheSpec spec, detail::NearSpec near,
                                        const std::shared_ptr<CacheCore>& documents,
                                        const LoadEnvironment& environment) {
    spec.load = answer_loader(documents, *spec.ttl, std::move(near));
    // They wait for their document, as readers of one key do for its load; the documents have the
    // bound.
    spec.loads_max = std::numeric_limits<std::size_t>::max();
    return std::make_shared<CacheCore>(std::move(spec), environment, CacheCore::Coherence{});
}

}  // namespace

NearCache::NearCache(detail::CacheSpec answers, detail::NearSpec near,
                     const LoadEnvironment& environment)
    : clock_(*environment.clock),
      document_key_(near.document),
      documents_(std::make_shared<CacheCore>(document_spec(answers, near, environment), environment,
                                             CacheCore::Coherence{})),
      answers_(make_answers(std::move(answers), std::move(near), documents_, environment)) {}

void NearCache::refresh(std::string text, std::shared_ptr<const void> key, Duration timeout,
                        Completion<detail::RawLookup> done) {
    const auto document = document_key(document_key_, key.get());
    if (!document) return done(fail(document.error()));
    const TimePoint until = saturating_add(clock_.now(), timeout);
    documents_->refresh(
        **document, *document, timeout,
        [&clock = clock_, answers = answers_, text = std::move(text), key = std::move(key), until,
         done = std::move(done)](Result<detail::RawLookup> read) mutable {
            if (!read || !read->value) return done(std::move(read));
            answers->refresh(std::move(text), std::move(key),
                             std::max(until - clock.now(), Duration::zero()), std::move(done));
        });
}

void NearCache::open() {
    documents_->open();
    answers_->open();
}

void NearCache::close() {
    answers_->close();
    documents_->close();
}

void NearCache::end_calls() {
    answers_->end_calls();
    documents_->end_calls();
}

}  // namespace tutti
