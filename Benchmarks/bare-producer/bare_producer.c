/* Produces the records of one topic to another with librdkafka alone, with the settings of market-producer.
 *
 *     bare_producer BROKERS FROM TO RECORDS
 *
 * FROM is read into memory first, up to RECORDS records; TO must be there. Prints "records bytes wall_seconds
 * cpu_seconds" of the producing alone: from the new client to the last acknowledgement.
 */
#define PROGRAM "bare_producer"
#include "../common/bare_client.h"
#include <string.h>

static long long acknowledged, refused;

static rd_kafka_t *client(rd_kafka_type_t type, rd_kafka_conf_t *conf, const char *brokers) {
    char error[256];
    set(conf, "bootstrap.servers", brokers);
    rd_kafka_t *result = rd_kafka_new(type, conf, error, sizeof(error));
    if (!result) stop("client", error);
    return result;
}

typedef struct {
    char *bytes;
    int key_length, value_length;
} record_t;

/* Reads up to `most` records; how many there were. */
static long long read_records(const char *brokers, const char *topic, record_t *records, long long most) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "group.id", "bare-producer");
    set(conf, "enable.auto.commit", "false");
    set(conf, "enable.partition.eof", "true");
    rd_kafka_t *kafka = client(RD_KAFKA_CONSUMER, conf, brokers);
    rd_kafka_poll_set_consumer(kafka);
    rd_kafka_topic_partition_list_t *partitions = all_partitions(kafka, topic);
    int partitions_left = partitions->cnt;
    rd_kafka_resp_err_t failed = rd_kafka_assign(kafka, partitions);
    if (failed) stop("assign", rd_kafka_err2str(failed));
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(kafka);
    rd_kafka_message_t *batch[BATCH_MESSAGES];
    long long count = 0;
    while (partitions_left > 0) {
        ssize_t got = rd_kafka_consume_batch_queue(queue, 100, batch, BATCH_MESSAGES);
        for (ssize_t i = 0; i < got; i++) {
            rd_kafka_message_t *message = batch[i];
            if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
                partitions_left--;
            } else if (message->err) {
                stop("consume", rd_kafka_message_errstr(message));
            } else if (count < most) {
                record_t *record = &records[count++];
                record->key_length = (int)message->key_len;
                record->value_length = (int)message->len;
                record->bytes = malloc(message->key_len + message->len);
                if (!record->bytes) stop("memory", "not enough for the records");
                memcpy(record->bytes, message->key, message->key_len);
                memcpy(record->bytes + message->key_len, message->payload, message->len);
            }
            rd_kafka_message_destroy(message);
        }
    }
    rd_kafka_queue_destroy(queue);
    rd_kafka_topic_partition_list_destroy(partitions);
    rd_kafka_consumer_close(kafka);
    rd_kafka_destroy(kafka);
    return count;
}

static void delivered(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *opaque) {
    (void)kafka;
    (void)opaque;
    if (message->err) {
        refused++;
    } else {
        acknowledged++;
    }
}

int main(int argc, char **argv) {
    if (argc != 5) stop("usage", "bare_producer BROKERS FROM TO RECORDS");
    long long most = atoll(argv[4]);
    if (most < 1) stop("usage", "RECORDS is at least 1");
    record_t *records = malloc(sizeof(*records) * (size_t)most);
    if (!records) stop("memory", "not enough for the records");
    long long count = read_records(argv[1], argv[2], records, most);

    double started = wall_seconds(), cpu_before = cpu_seconds();
    long long bytes = 0;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "enable.idempotence", "true");
    set(conf, "acks", "all");
    set(conf, "compression.type", "lz4");
    set(conf, "partitioner", "murmur2_random");
    set(conf, "linger.ms", "5");
    set(conf, "queue.buffering.max.messages", "100000");
    set(conf, "queue.buffering.max.kbytes", "65536");
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rd_kafka_t *kafka = client(RD_KAFKA_PRODUCER, conf, argv[1]);
    for (long long n = 0; n < count; n++) {
        record_t *record = &records[n];
        bytes += record->key_length + record->value_length;
        rd_kafka_resp_err_t failed;
        while ((failed = rd_kafka_producev(
                    kafka, RD_KAFKA_V_TOPIC(argv[3]), RD_KAFKA_V_KEY(record->bytes, (size_t)record->key_length),
                    RD_KAFKA_V_VALUE(record->bytes + record->key_length, (size_t)record->value_length),
                    RD_KAFKA_V_HEADER("schema_version", "1", 1), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                    RD_KAFKA_V_END)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            rd_kafka_poll(kafka, 50);
        if (failed) stop("produce", rd_kafka_err2str(failed));
        if (n % 1000 == 0) rd_kafka_poll(kafka, 0);
    }
    rd_kafka_flush(kafka, 120000);
    printf("%lld %lld %.4f %.4f\n", acknowledged, bytes, wall_seconds() - started, cpu_seconds() - cpu_before);
    if (refused || acknowledged != count) stop("delivery", "not every record was acknowledged");
    rd_kafka_destroy(kafka);
    return 0;
}
