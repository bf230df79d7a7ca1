"""The log level changes while a service runs."""

import signal

import influx
from conftest import wait_for


def test_signals_change_the_level_and_change_it_back(stack):
    port = str(influx.free_port())
    service = stack.start("exchange-simulator", {"SIMULATOR_PORT": port, "MARKET_SOURCE": "simulator:seed=1"})
    wait_for(lambda: port in service.tail(), 60, service.tail)
    for number, level in ((signal.SIGUSR1, "debug"), (signal.SIGUSR1, "trace"), (signal.SIGUSR2, "info")):
        said = service.tail().count(f"level={level}")
        service.process.send_signal(number)
        wait_for(lambda: service.tail().count(f"level={level}") == said + 1, 30, service.tail)
    assert service.process.poll() is None
    assert service.stop() == 0, service.tail()
