#include "tutti/testing/faulty_store.hpp"

#include <utility>

#include "testing/faulty_calls.hpp"

namespace tutti::testing {

FaultyStore::FaultyStore(Store& inner, Executor& executor, const Clock& clock, Link& link)
    : inner_(inner), calls_(std::make_shared<FaultyCalls>(executor, clock, link)) {}

FaultyStore::~FaultyStore() { calls_->close(); }

void FaultyStore::close() {
    calls_->close();
    inner_.close();
}

template <class T, class F>
void FaultyStore::run(Operation operation, std::string_view subject, TimePoint deadline,
                      Completion<T> done, F send) {
    calls_->run({.operation = operation, .subject = subject}, deadline, std::move(done),
                [&inner = inner_, send = std::move(send)](Completion<T> replied) mutable {
                    send(inner, std::move(replied));
                });
}

void FaultyStore::get(std::string key, TimePoint deadline,
                      Completion<std::optional<std::string>> done) {
    run(Operation::get, key, deadline, std::move(done),
        [key](Store& inner, Completion<std::optional<std::string>> replied) {
            inner.get(key, TimePoint::max(), std::move(replied));
        });
}

void FaultyStore::put(std::string key, std::string value, PutOptions options, TimePoint deadline,
                      Completion<bool> done) {
    run(Operation::put, key, deadline, std::move(done),
        [key, value = std::move(value), options](Store& inner, Completion<bool> replied) mutable {
            inner.put(key, std::move(value), options, TimePoint::max(), std::move(replied));
        });
}

void FaultyStore::erase(std::string key, TimePoint deadline, Completion<bool> done) {
    run(Operation::erase, key, deadline, std::move(done),
        [key](Store& inner, Completion<bool> replied) {
            inner.erase(key, TimePoint::max(), std::move(replied));
        });
}

void FaultyStore::erase_if_equal(std::string key, std::string expected, TimePoint deadline,
                                 Completion<bool> done) {
    run(Operation::erase_if_equal, key, deadline, std::move(done),
        [key, expected = std::move(expected)](Store& inner, Completion<bool> replied) mutable {
            inner.erase_if_equal(key, std::move(expected), TimePoint::max(), std::move(replied));
        });
}

void FaultyStore::replace_if_equal(std::string key, std::string expected, std::string value,
                                   Ttl ttl, TimePoint deadline, Completion<bool> done) {
    run(Operation::replace_if_equal, key, deadline, std::move(done),
        [key, expected = std::move(expected), value = std::move(value), ttl](
            Store& inner, Completion<bool> replied) mutable {
            inner.replace_if_equal(key, std::move(expected), std::move(value), ttl,
                                   TimePoint::max(), std::move(replied));
        });
}

void FaultyStore::count(std::string prefix, TimePoint deadline, Completion<std::size_t> done) {
    run(Operation::count, prefix, deadline, std::move(done),
        [prefix](Store& inner, Completion<std::size_t> replied) {
            inner.count(prefix, TimePoint::max(), std::move(replied));
        });
}

void FaultyStore::fetch(FetchRequest request, TimePoint deadline, Completion<Fetched> done) {
    const std::string key = request.address.key;
    run(Operation::fetch, key, deadline, std::move(done),
        [request = std::move(request)](Store& inner, Completion<Fetched> replied) mutable {
            inner.fetch(std::move(request), TimePoint::max(), std::move(replied));
        });
}

void FaultyStore::fill(FillRequest request, TimePoint deadline, Completion<Filled> done) {
    const std::string key = request.address.key;
    run(Operation::fill, key, deadline, std::move(done),
        [request = std::move(request)](Store& inner, Completion<Filled> replied) mutable {
            inner.fill(std::move(request), TimePoint::max(), std::move(replied));
        });
}

void FaultyStore::release(ValueAddress address, LoadToken token, TimePoint deadline,
                          Completion<bool> done) {
    const std::string key = address.key;
    run(Operation::release, key, deadline, std::move(done),
        [address = std::move(address), token = std::move(token)](Store& inner,
                                                                 Completion<bool> replied) mutable {
            inner.release(std::move(address), std::move(token), TimePoint::max(),
                          std::move(replied));
        });
}

void FaultyStore::drop(std::string channel, std::vector<std::string> keys, TimePoint deadline,
                       Completion<void> done) {
    run(Operation::drop, channel, deadline, std::move(done),
        [channel, keys = std::move(keys)](Store& inner, Completion<void> replied) mutable {
            inner.drop(channel, std::move(keys), TimePoint::max(), std::move(replied));
        });
}

}  // namespace tutti::testing
