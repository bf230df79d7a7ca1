/* Fills a topic with trades, as the producer would send them: one record a trade, keyed by its instrument.
 *
 *     trade_generator BROKERS TOPIC TRADES SYMBOLS TRADES_PER_SECOND PARTITIONS
 *
 * Creates the topic. Event times rise evenly and end now; ids rise by one for each symbol; prices walk at random from a
 * fixed seed. Prints the number of acknowledged records.
 */
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_SYMBOLS 20000

static long long acknowledged, refused;

static void stop(const char *what, const char *why) {
    fprintf(stderr, "trade_generator: %s: %s\n", what, why);
    exit(1);
}

static void delivered(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    (void)client;
    (void)opaque;
    if (message->err) {
        refused++;
    } else {
        acknowledged++;
    }
}

static void set(rd_kafka_conf_t *conf, const char *key, const char *value) {
    char error[256];
    if (rd_kafka_conf_set(conf, key, value, error, sizeof(error)) != RD_KAFKA_CONF_OK) stop(key, error);
}

static void create_topic(rd_kafka_t *client, const char *topic, int partitions) {
    char error[256];
    rd_kafka_NewTopic_t *wanted = rd_kafka_NewTopic_new(topic, partitions, 1, error, sizeof(error));
    if (!wanted) stop(topic, error);
    rd_kafka_NewTopic_set_config(wanted, "message.timestamp.type", "LogAppendTime");
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_CreateTopics(client, &wanted, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 30000);
    if (!event) stop(topic, "the broker did not create it within 30 s");
    size_t count;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    rd_kafka_resp_err_t failed = count == 1 ? rd_kafka_topic_result_error(results[0]) : rd_kafka_event_error(event);
    if (failed && failed != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) stop(topic, rd_kafka_err2str(failed));
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(wanted);
}

/* splitmix64: the same trades on every machine. */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

int main(int argc, char **argv) {
    if (argc != 7) stop("usage", "trade_generator BROKERS TOPIC TRADES SYMBOLS TRADES_PER_SECOND PARTITIONS");
    const char *topic = argv[2];
    long long trades = atoll(argv[3]), rate = atoll(argv[5]);
    int symbols = atoi(argv[4]), partitions = atoi(argv[6]);
    if (trades < 1 || rate < 1 || partitions < 1) stop("usage", "trades, rate and partitions are at least 1");
    if (symbols < 1 || symbols > MOST_SYMBOLS) stop("usage", "1 to 20000 symbols");

    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", argv[1]);
    set(conf, "enable.idempotence", "true");
    set(conf, "compression.type", "lz4");
    set(conf, "partitioner", "murmur2_random");
    set(conf, "linger.ms", "20");
    set(conf, "queue.buffering.max.messages", "500000");
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof(error));
    if (!client) stop("client", error);
    create_topic(client, topic, partitions);

    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t event_micros = (int64_t)now.tv_sec * 1000000 - trades * 1000000 / rate;
    static int64_t id[MOST_SYMBOLS], cents[MOST_SYMBOLS];
    for (int i = 0; i < symbols; i++) cents[i] = 10000 + 1000 * i;
    uint64_t random = 42;
    for (long long n = 0; n < trades; n++) {
        uint64_t dice = next_random(&random);
        int which = (int)(dice % (uint64_t)symbols);
        cents[which] += (int64_t)((dice >> 32) % 3) - 1;
        if (cents[which] < 100) cents[which] = 100;
        int64_t event = event_micros + n * 1000000 / rate, quantity = (int64_t)((dice >> 40) % 100000) + 1;
        char key[32], value[512];
        int key_length = snprintf(key, sizeof(key), "BENCH%05dUSDT", which);
        int length = snprintf(
            value, sizeof(value),
            "{\"venue\":\"binance\",\"symbol\":\"%s\",\"trade_id\":%" PRId64 ",\"price\":\"%" PRId64 ".%02" PRId64
            "000000\",\"quantity\":\"%" PRId64 ".%05" PRId64 "000\",\"taker_side\":\"%s\",\"event_time_us\":%" PRId64
            ",\"received_time_us\":%" PRId64 "}",
            key, ++id[which], cents[which] / 100, cents[which] % 100, quantity / 100000, quantity % 100000,
            dice & 1u << 20 ? "buy" : "sell", event, event + 20000);
        rd_kafka_resp_err_t failed;
        while ((failed = rd_kafka_producev(
                    client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_KEY(key, (size_t)key_length),
                    RD_KAFKA_V_VALUE(value, (size_t)length), RD_KAFKA_V_HEADER("schema_version", "1", 1),
                    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            rd_kafka_poll(client, 50);
        if (failed) stop("produce", rd_kafka_err2str(failed));
        if (n % 1000 == 0) rd_kafka_poll(client, 0);
    }
    rd_kafka_flush(client, 120000);
    printf("%lld\n", acknowledged);
    rd_kafka_destroy(client);
    if (refused || acknowledged != trades) stop("delivery", "not every record was acknowledged");
    return 0;
}
