/* Reads a whole topic with librdkafka alone, in batches as the processor does, and looks at nothing.
 *
 *     bare_consumer BROKERS TOPIC
 *
 * Prints "messages bytes wall_seconds cpu_seconds": wall from the assignment of all partitions to the last end of
 * partition, processor time of the whole process.
 */
#define PROGRAM "bare_consumer"
#include "../common/bare_client.h"

int main(int argc, char **argv) {
    if (argc != 3) stop("usage", "bare_consumer BROKERS TOPIC");
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", argv[1]);
    set(conf, "group.id", "bare-consumer");
    set(conf, "enable.auto.commit", "false");
    set(conf, "enable.auto.offset.store", "false");
    set(conf, "enable.partition.eof", "true");
    /* What our consumer has: damage is noticed, as much is fetched ahead. The last is not known to older libraries. */
    set(conf, "check.crcs", "true");
    set(conf, "queued.min.messages", "50000");
    set(conf, "queued.max.messages.kbytes", "16384");
    set(conf, "fetch.wait.max.ms", "100");
    rd_kafka_conf_set(conf, "fetch.queue.backoff.ms", "10", error, sizeof(error));
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof(error));
    if (!client) stop("client", error);
    rd_kafka_poll_set_consumer(client);
    rd_kafka_topic_partition_list_t *partitions = all_partitions(client, argv[2]);

    int partitions_left = partitions->cnt;
    long long messages = 0, bytes = 0;
    double started = wall_seconds();
    rd_kafka_resp_err_t failed = rd_kafka_assign(client, partitions);
    if (failed) stop("assign", rd_kafka_err2str(failed));
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(client);
    rd_kafka_message_t **batch = malloc(sizeof(*batch) * BATCH_MESSAGES);
    while (partitions_left > 0) {
        ssize_t count = rd_kafka_consume_batch_queue(queue, 100, batch, BATCH_MESSAGES);
        for (ssize_t i = 0; i < count; i++) {
            rd_kafka_message_t *message = batch[i];
            if (!message->err) {
                messages++;
                bytes += (long long)message->len;
            } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
                partitions_left--;
            } else {
                stop("consume", rd_kafka_message_errstr(message));
            }
            rd_kafka_message_destroy(message);
        }
    }
    double wall = wall_seconds() - started;
    printf("%lld %lld %.4f %.4f\n", messages, bytes, wall, cpu_seconds());
    fprintf(stderr, "librdkafka %s\n", rd_kafka_version_str());

    free(batch);
    rd_kafka_queue_destroy(queue);
    rd_kafka_topic_partition_list_destroy(partitions);
    rd_kafka_consumer_close(client);
    rd_kafka_destroy(client);
    return 0;
}
