// The cache answers a hit inside of the call, on the thread of the caller; everything else on the
// node's own thread, which must not be kept busy with making responses: there the answer is handed
// over.
#include "api-gateway/models/model_cache.hpp"

#include <utility>

#include "common/process/edge.hpp"

namespace tutti::services::gateway::models {
namespace {

routes::ModelSource::Found found_in(const Result<Lookup<domain::ModelCatalogue>>& answer,
                                    bool without_a_place) {
    if (!answer && without_a_place) {
        return fail(Errc::overloaded, "read the models",
                    "OpenRouter is slow and too many callers wait for it");
    }
    if (!answer) return fail(answer.error());
    if (!answer->found()) return fail(Errc::load_failed, "read the models", "there are none");
    return answer->shared();
}

}  // namespace

ModelCache::ModelCache(caches::Models cache, Options options)
    : cache_(std::move(cache)),
      options_(options),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

ModelCache::~ModelCache() = default;

ModelCache::Turn ModelCache::take(std::atomic<std::size_t>& taken, std::size_t taken_max) {
    if (taken.fetch_add(1) >= taken_max) {
        taken.fetch_sub(1);
        return nullptr;
    }
    return {&taken, [](std::atomic<std::size_t>* of) { of->fetch_sub(1); }};
}

auto ModelCache::answer_to(routes::ModelSource::Answer answer, Turn turn) {
    return
        [this, answer = std::move(answer), turn = std::move(turn),
         caller = std::this_thread::get_id()](const Result<Lookup<domain::ModelCatalogue>>& given) {
            auto found = found_in(given, turn == nullptr);
            if (std::this_thread::get_id() == caller) return answer(found);
            hand_over([answer, turn, found = std::move(found)] { answer(found); });
        };
}

void ModelCache::read(routes::ModelSource::Answer answer) {
    auto turn = take(waiting_, options_.waiting_max);
    // Without a turn it does not wait; what is in memory needs none.
    const Duration deadline = turn ? options_.deadline : Duration::zero();
    cache_.get(caches::models_key, {.deadline = deadline},
               answer_to(std::move(answer), std::move(turn)));
}

void ModelCache::refresh(routes::ModelSource::Answer answer) {
    auto turn = take(refreshing_, options_.refreshing_max);
    if (!turn) {
        return answer(fail(Errc::overloaded, "refresh the models",
                           "OpenRouter is slow and other refreshes wait for it"));
    }
    cache_.refresh(caches::models_key, {.deadline = options_.deadline},
                   answer_to(std::move(answer), std::move(turn)));
}

void ModelCache::hand_over(std::function<void()> answer) {
    const detail::Lock lock(mutex_);
    answers_.push_back(std::move(answer));
    changed_.notify_one();
}

void ModelCache::run(const std::stop_token& stop) {
    detail::Lock lock(mutex_);
    const auto waiting = [this]() TUTTI_REQUIRES(mutex_) { return !answers_.empty(); };
    while (changed_.wait(lock, stop, waiting)) {
        const auto answer = std::move(answers_.front());
        answers_.pop_front();
        lock.unlock();
        process::contain("the answers about models", answer);
        lock.lock();
    }
}

routes::ModelSource ModelCache::source() {
    return {.catalogue = [this](routes::ModelSource::Answer answer) { read(std::move(answer)); },
            .refresh = [this](routes::ModelSource::Answer answer) { refresh(std::move(answer)); }};
}

}  // namespace tutti::services::gateway::models
