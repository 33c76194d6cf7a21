"""Places for requests: shares that nobody takes from another."""

from services.ingress.domain.places import Places


def test_a_key_gets_its_places_and_no_more() -> None:
    places = Places(2)
    for _ in range(2):
        assert places.wait("anna", 0.0) == 0
        places.take("anna", 10.0)
    assert places.wait("anna", 4.0) == 6.0
    assert places.wait("ben", 4.0) == 0


def test_the_wait_is_that_for_the_place_that_is_free_first() -> None:
    places = Places(2)
    places.take("anna", 30.0)
    places.take("anna", 10.0)
    assert places.wait("anna", 0.0) == 10.0
    places.give_back("anna", 10.0)
    assert places.wait("anna", 0.0) == 0
    assert places.count("anna") == 1


def test_a_late_place_is_still_waited_for() -> None:
    places = Places(1)
    places.take("anna", 10.0)
    assert 0 < places.wait("anna", 20.0) < 1
