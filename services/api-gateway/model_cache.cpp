#include "api-gateway/model_cache.hpp"

#include "tutti/options.hpp"

namespace tutti::services {

template <class Ask>
ModelCache::Found ModelCache::ask(Ask ask) {
    const auto slot = waiting_.take(Boottime::now() + options_.deadline);
    if (!slot) {
        return fail(slot.error().code, "read the models",
                    "OpenRouter is slow and too many callers wait for it");
    }
    const auto found = ask(GetOptions{.deadline = options_.deadline});
    if (!found) return fail(found.error());
    if (!found->found()) return fail(Errc::load_failed, "read the models", "there are none");
    return found->shared();
}

ModelSource ModelCache::source() {
    return {.catalogue =
                [this] { return ask([&](GetOptions how) { return cache_.get(models_key, how); }); },
            .refresh =
                [this] {
                    return ask([&](GetOptions how) { return cache_.refresh(models_key, how); });
                }};
}

}  // namespace tutti::services
