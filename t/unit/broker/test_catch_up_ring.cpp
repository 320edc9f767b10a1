// The subscriptions that are not through with what they start with: first come,
// first served.
#include "broker/catch_up_ring.hpp"
#include "broker/subscription.hpp"

#include "cmocka.hpp"

namespace ws_pubsub {
namespace {

void test_in_order(void** /*state*/)
{
    CatchUpRing ring;
    assert_null(ring.first());
    Subscription a;
    Subscription b;
    Subscription c;
    ring.begin(a);
    ring.begin(b);
    ring.begin(c);
    assert_ptr_equal(ring.first(), &a);
    ring.end(a); // it is through
    assert_null(a.catch_up.get());
    assert_ptr_equal(ring.first(), &b);
    ring.begin(a); // behind the others
    ring.end(b);
    assert_ptr_equal(ring.first(), &c);
    ring.end(c);
    assert_ptr_equal(ring.first(), &a);
    ring.end(a);
    assert_null(ring.first());
}

void test_amid_the_ring(void** /*state*/)
{
    CatchUpRing ring;
    Subscription a;
    Subscription b;
    Subscription c;
    ring.end(a); // was never in it
    ring.begin(a);
    ring.begin(b);
    ring.begin(c);
    ring.end(b); // it ends itself
    ring.end(b);
    assert_ptr_equal(ring.first(), &a);
    ring.end(a);
    assert_ptr_equal(ring.first(), &c);
    ring.end(c);
    assert_null(ring.first());
}

} // namespace
} // namespace ws_pubsub

int main()
{
    using namespace ws_pubsub;
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order),
        cmocka_unit_test(test_amid_the_ring),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
