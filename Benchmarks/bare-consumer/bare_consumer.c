/* Reads a whole topic with librdkafka alone, in batches as the processor does, and looks at nothing.
 *
 *     bare_consumer BROKERS TOPIC
 *
 * Prints "messages bytes wall_seconds cpu_seconds": wall from the assignment of all partitions to the last end of
 * partition, processor time of the whole process.
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define BATCH_MESSAGES 10000

static double wall_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void stop(const char *what, const char *why) {
    fprintf(stderr, "bare_consumer: %s: %s\n", what, why);
    exit(1);
}

static void set(rd_kafka_conf_t *conf, const char *key, const char *value) {
    char error[256];
    if (rd_kafka_conf_set(conf, key, value, error, sizeof(error)) != RD_KAFKA_CONF_OK) stop(key, error);
}

static rd_kafka_topic_partition_list_t *all_partitions(rd_kafka_t *client, const char *topic) {
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(client, topic, NULL);
    rd_kafka_resp_err_t error = rd_kafka_metadata(client, 0, handle, &metadata, 10000);
    if (error) stop("metadata", rd_kafka_err2str(error));
    int count = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
    if (count == 0) stop(topic, "no such topic");
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
    for (int i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(handle);
    return list;
}

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
