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
Result<detail::RawLoaded> project(const detail::NearSpec& near, const void* typed_key, Ttl ttl,
                                  const Result<detail::RawLookup>& document) {
    if (document && document->value) {
        auto answer = near.project(typed_key, document->value.get());
        // As old as the document already is.
        const bool ages = answer && !answer->ttl && !ttl.is_never();
        if (ages) answer->ttl = ttl.lifetime() - document->age;
        return answer;
    }
    std::string reason = document ? document->degraded : document.error().message();
    if (!near.otherwise) return cannot_tell(std::move(reason));
    auto guess = near.otherwise(typed_key);
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
                                 const std::shared_ptr<const void>& typed_key,
                                 const LoadContext& context, Completion<detail::RawLoaded> done) {
        const std::string& key = *static_cast<const std::string*>(typed_key.get());
        environment.store->get(
            key, context.deadline(),
            [near, environment, lane, name, key,
             done = std::move(done)](Result<std::optional<std::string>> found) mutable {
                if (!found) return done(cannot_tell(found.error().message()));
                if (!*found) return done(cannot_tell("the store has no document " + key));
                auto shared = std::make_shared<Completion<detail::RawLoaded>>(std::move(done));
                // Parsing may take long: not on the thread that renews leases.
                const bool taken = environment.workers->try_post(
                    lane, [near, key, shared, bytes = **std::move(found)] {
                        (*shared)(parsed(near, key, bytes));
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
    const std::function<std::string(const void*)>& document, const void* typed_key) {
    auto key = detail::guarded({.name = "document"}, [&] { return document(typed_key); });
    if (!key) return fail(std::move(key).error());
    return std::make_shared<const std::string>(*std::move(key));
}

// The loader of the answers.
detail::RawLoader answer_loader(std::shared_ptr<CacheCore> documents, Ttl ttl,
                                detail::NearSpec near) {
    detail::RawLoader loader;
    loader.asynchronous = [documents = std::move(documents), ttl, near = std::move(near)](
                              const std::shared_ptr<const void>& typed_key,
                              const LoadContext& context, Completion<detail::RawLoaded> done) {
        const auto document_of = document_key(near.document, typed_key.get());
        if (!document_of) return done(fail(document_of.error()));
        if (auto hit = documents->hit(**document_of, Duration::max())) {
            return done(project(near, typed_key.get(), ttl, *hit));
        }
        documents->load(**document_of, *document_of, {.deadline = context.remaining()},
                        [near, typed_key, ttl, done = std::move(done)](
                            const Result<detail::RawLookup>& document) mutable {
                            done(project(near, typed_key.get(), ttl, document));
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

void NearCache::load(std::string key, std::shared_ptr<const void> typed_key,
                     const GetOptions& options, Completion<detail::RawLookup> done) {
    if (options.age_max == Duration::max()) {
        return answers_->load(std::move(key), std::move(typed_key), options, std::move(done));
    }
    const auto document = document_key(document_key_, typed_key.get());
    if (!document) return done(fail(document.error()));
    documents_->load(
        **document, *document, options,
        projecting(std::move(key), std::move(typed_key), options.deadline, std::move(done)));
}

void NearCache::refresh(std::string key, std::shared_ptr<const void> typed_key, Duration timeout,
                        Completion<detail::RawLookup> done) {
    const auto document = document_key(document_key_, typed_key.get());
    if (!document) return done(fail(document.error()));
    documents_->refresh(**document, *document, timeout,
                        projecting(std::move(key), std::move(typed_key), timeout, std::move(done)));
}

Completion<detail::RawLookup> NearCache::projecting(std::string key,
                                                    std::shared_ptr<const void> typed_key,
                                                    Duration timeout,
                                                    Completion<detail::RawLookup> done) const {
    return [&clock = clock_, answers = answers_, key = std::move(key),
            typed_key = std::move(typed_key), until = saturating_add(clock_.now(), timeout),
            done = std::move(done)](Result<detail::RawLookup> read) mutable {
        if (!read || !read->value) return done(std::move(read));
        answers->refresh(std::move(key), std::move(typed_key),
                         std::max(until - clock.now(), Duration::zero()), std::move(done));
    };
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
