/* Records of a topic as binary frames on a pipe, for programs that have no Kafka client (Tests/ChaosTests).
 *
 *     record_pipe consume BROKERS TOPIC [PARTITION:OFFSET...]   everything from there (else from the log's start) up to
 *                                                               the ends as they are now, to stdout
 *     record_pipe produce BROKERS TOPIC             what comes on stdin; ends with stdin
 *     record_pipe offsets BROKERS TOPIC             "partition low high", one a line
 *     record_pipe create BROKERS TOPIC PARTITIONS REPLICATION [KEY=VALUE...]
 *     record_pipe grow BROKERS TOPIC PARTITIONS
 *     record_pipe delete BROKERS TOPIC
 *     record_pipe cut BROKERS TOPIC PARTITION OFFSET   deletes what lies before the offset
 *
 * Numbers are little-endian and lie side by side; a length of -1 is "none".
 *   consume: i32 partition, i64 offset, i64 timestamp (ms), i32 key, i32 value, i32 headers (lengths), then the bytes
 *   produce: i32 partition (-1: murmur2 of the key), i32 key, i32 value, i32 headers (lengths), then the bytes;
 *            partition -2 asks for a line "acknowledged failed" on stdout once nothing is under way any more
 *   headers: i32 name, i32 value (lengths), then the bytes, one after the other
 */
#include <errno.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MILLIS 30000
#define BATCH_MESSAGES 10000
#define MOST_BYTES (64 << 20)

static long long acknowledged, failed;

static void stop(const char *what, const char *why) {
    fprintf(stderr, "record_pipe: %s: %s\n", what, why);
    exit(1);
}

static void set(rd_kafka_conf_t *conf, const char *key, const char *value) {
    char error[256];
    if (rd_kafka_conf_set(conf, key, value, error, sizeof(error)) != RD_KAFKA_CONF_OK) stop(key, error);
}

static int32_t number(const char *text, const char *what) {
    char *end;
    long value = strtol(text, &end, 10);
    if (*text == 0 || *end != 0 || value < 0 || value > INT32_MAX) stop(what, "a whole number from 0 is expected");
    return (int32_t)value;
}

static rd_kafka_t *client(rd_kafka_type_t type, rd_kafka_conf_t *conf, const char *brokers) {
    char error[256];
    set(conf, "bootstrap.servers", brokers);
    set(conf, "reconnect.backoff.max.ms", "500");
    set(conf, "log_level", "3");
    rd_kafka_t *result = rd_kafka_new(type, conf, error, sizeof(error));
    if (!result) stop("client", error);
    return result;
}

/* How many partitions the topic has. */
static int partition_count(rd_kafka_t *kafka, const char *topic) {
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(kafka, topic, NULL);
    rd_kafka_resp_err_t error = rd_kafka_metadata(kafka, 0, handle, &metadata, WAIT_MILLIS);
    if (error) stop("metadata", rd_kafka_err2str(error));
    int count = metadata->topic_cnt == 1 && !metadata->topics[0].err ? metadata->topics[0].partition_cnt : 0;
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(handle);
    if (count == 0) stop(topic, "no such topic");
    return count;
}

static void query_offsets(rd_kafka_t *kafka, const char *topic, int partition, int64_t *low, int64_t *high) {
    rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(kafka, topic, partition, low, high, WAIT_MILLIS);
    if (error) stop("offsets", rd_kafka_err2str(error));
}

/* ---- consume */

static void put(const void *bytes, size_t count) {
    if (count > 0 && fwrite(bytes, 1, count, stdout) != count) stop("stdout", strerror(errno));
}

static size_t collect_headers(const rd_kafka_message_t *message, char *buffer, size_t room) {
    rd_kafka_headers_t *headers;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return 0;
    size_t used = 0, size;
    const char *name;
    const void *value;
    for (size_t i = 0; !rd_kafka_header_get_all(headers, i, &name, &value, &size); i++) {
        int32_t lengths[2] = {(int32_t)strlen(name), value ? (int32_t)size : -1};
        size_t bytes = value ? size : 0;
        if (used + sizeof(lengths) + (size_t)lengths[0] + bytes > room) stop("headers", "too long");
        memcpy(buffer + used, lengths, sizeof(lengths));
        used += sizeof(lengths);
        memcpy(buffer + used, name, (size_t)lengths[0]);
        used += (size_t)lengths[0];
        if (bytes) memcpy(buffer + used, value, bytes);
        used += bytes;
    }
    return used;
}

static void put_message(const rd_kafka_message_t *message) {
    static char headers[65536];
    char frame[32];
    rd_kafka_timestamp_type_t type;
    int32_t partition = message->partition, lengths[3];
    int64_t offset = message->offset, timestamp = rd_kafka_message_timestamp(message, &type);
    lengths[0] = message->key ? (int32_t)message->key_len : -1;
    lengths[1] = message->payload ? (int32_t)message->len : -1;
    lengths[2] = (int32_t)collect_headers(message, headers, sizeof(headers));
    memcpy(frame, &partition, 4);
    memcpy(frame + 4, &offset, 8);
    memcpy(frame + 12, &timestamp, 8);
    memcpy(frame + 20, lengths, 12);
    put(frame, sizeof(frame));
    if (message->key) put(message->key, message->key_len);
    if (message->payload) put(message->payload, message->len);
    put(headers, (size_t)lengths[2]);
}

/* Where the arguments say that a partition begins; -1 where they do not. */
static int64_t start_of(int partition, int count, char **starts) {
    for (int i = 0; i < count; i++) {
        int which;
        int64_t offset;
        if (sscanf(starts[i], "%d:%" SCNd64, &which, &offset) != 2) stop(starts[i], "PARTITION:OFFSET is expected");
        if (which == partition) return offset;
    }
    return -1;
}

static void consume(const char *brokers, const char *topic, int count_of_starts, char **starts) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "group.id", "record-pipe");
    set(conf, "enable.auto.commit", "false");
    set(conf, "enable.auto.offset.store", "false");
    set(conf, "enable.partition.eof", "true");
    set(conf, "check.crcs", "true");
    set(conf, "auto.offset.reset", "error");
    set(conf, "fetch.wait.max.ms", "20");
    rd_kafka_t *kafka = client(RD_KAFKA_CONSUMER, conf, brokers);
    rd_kafka_poll_set_consumer(kafka);
    int partitions = partition_count(kafka, topic), left = 0;
    int64_t *ends = calloc((size_t)partitions, sizeof(*ends));
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    if (!ends || !list) stop("memory", "none");
    for (int i = 0; i < partitions; i++) {
        int64_t low, start = start_of(i, count_of_starts, starts);
        query_offsets(kafka, topic, i, &low, &ends[i]);
        if (start > low) low = start;
        if (low >= ends[i]) continue;
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = low;
        left++;
    }
    rd_kafka_resp_err_t error = rd_kafka_assign(kafka, list);
    if (error) stop("assign", rd_kafka_err2str(error));
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(kafka);
    rd_kafka_message_t **batch = malloc(sizeof(*batch) * BATCH_MESSAGES);
    if (!batch) stop("memory", "none");
    while (left > 0) {
        ssize_t count = rd_kafka_consume_batch_queue(queue, 100, batch, BATCH_MESSAGES);
        for (ssize_t i = 0; i < count; i++) {
            rd_kafka_message_t *message = batch[i];
            int partition = message->partition;
            if (!message->err) {
                if (message->offset < ends[partition]) put_message(message);
                if (message->offset + 1 >= ends[partition] && ends[partition] >= 0) {
                    ends[partition] = -1;
                    left--;
                }
            } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
                /* The last records may be none of ours (transaction markers). */
                if (ends[partition] >= 0 && message->offset >= ends[partition]) {
                    ends[partition] = -1;
                    left--;
                }
            } else if (message->err != RD_KAFKA_RESP_ERR__TRANSPORT &&
                       message->err != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
                stop("consume", rd_kafka_message_errstr(message));
            }
            rd_kafka_message_destroy(message);
        }
    }
    if (fflush(stdout) != 0) stop("stdout", strerror(errno));
    free(batch);
    free(ends);
    rd_kafka_queue_destroy(queue);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_consumer_close(kafka);
    rd_kafka_destroy(kafka);
}

/* ---- produce */

static void delivered(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *opaque) {
    (void)kafka;
    (void)opaque;
    if (message->err) {
        failed++;
        if (failed <= 5) fprintf(stderr, "record_pipe: not delivered: %s\n", rd_kafka_err2str(message->err));
    } else {
        acknowledged++;
    }
}

/* Whether `count` bytes came; ends the program in the middle of a frame. */
static int take(void *bytes, size_t count, int may_end) {
    size_t got = fread(bytes, 1, count, stdin);
    if (got == count) return 1;
    if (got != 0 || !may_end) stop("stdin", "ends inside a frame");
    return 0;
}

static void report(rd_kafka_t *kafka) {
    while (rd_kafka_outq_len(kafka) > 0) rd_kafka_flush(kafka, 1000);
    printf("%lld %lld\n", acknowledged, failed);
    if (fflush(stdout) != 0) stop("stdout", strerror(errno));
}

static rd_kafka_headers_t *read_headers(const char *bytes, int32_t count) {
    rd_kafka_headers_t *headers = rd_kafka_headers_new(2);
    for (int32_t at = 0; at + 8 <= count;) {
        int32_t lengths[2];
        memcpy(lengths, bytes + at, 8);
        at += 8;
        const char *value = lengths[1] < 0 ? NULL : bytes + at + lengths[0];
        rd_kafka_header_add(headers, bytes + at, lengths[0], value, lengths[1] < 0 ? 0 : lengths[1]);
        at += lengths[0] + (lengths[1] < 0 ? 0 : lengths[1]);
    }
    return headers;
}

static void produce(const char *brokers, const char *topic) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "enable.idempotence", "true");
    set(conf, "compression.type", "lz4");
    set(conf, "partitioner", "murmur2_random");
    set(conf, "linger.ms", "5");
    set(conf, "message.timeout.ms", "600000");
    set(conf, "message.max.bytes", "4000000");
    set(conf, "queue.buffering.max.messages", "500000");
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rd_kafka_t *kafka = client(RD_KAFKA_PRODUCER, conf, brokers);
    char *bytes = malloc(MOST_BYTES);
    if (!bytes) stop("memory", "none");
    int32_t frame[4];
    for (long long n = 0; take(frame, sizeof(frame), 1); n++) {
        if (frame[0] == -2) {
            report(kafka);
            continue;
        }
        size_t key = frame[1] < 0 ? 0 : (size_t)frame[1], value = frame[2] < 0 ? 0 : (size_t)frame[2];
        size_t all = key + value + (size_t)(frame[3] < 0 ? 0 : frame[3]);
        if (all > MOST_BYTES) stop("stdin", "a frame is too long");
        take(bytes, all, 0);
        char *key_bytes = frame[1] < 0 ? NULL : bytes, *value_bytes = frame[2] < 0 ? NULL : bytes + key;
        rd_kafka_headers_t *headers = read_headers(bytes + key + value, frame[3]);
        rd_kafka_resp_err_t error;
        while ((error = rd_kafka_producev(
                    kafka, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(frame[0]),
                    RD_KAFKA_V_KEY(key_bytes, key),
                    RD_KAFKA_V_VALUE(value_bytes, value), RD_KAFKA_V_HEADERS(headers),
                    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            rd_kafka_poll(kafka, 50);
        if (error) stop("produce", rd_kafka_err2str(error));
        if (n % 256 == 0) rd_kafka_poll(kafka, 0);
    }
    report(kafka);
    rd_kafka_destroy(kafka);
    free(bytes);
    if (failed) exit(1);
}

/* ---- admin */

static void offsets(const char *brokers, const char *topic) {
    rd_kafka_t *kafka = client(RD_KAFKA_CONSUMER, rd_kafka_conf_new(), brokers);
    int partitions = partition_count(kafka, topic);
    for (int i = 0; i < partitions; i++) {
        int64_t low, high;
        query_offsets(kafka, topic, i, &low, &high);
        printf("%d %" PRId64 " %" PRId64 "\n", i, low, high);
    }
    rd_kafka_destroy(kafka);
}

/* The count is read here and not before: the results are made in the same call. */
static void need(
    const char *what, const rd_kafka_topic_result_t **results, const size_t *count, rd_kafka_event_t *event) {
    rd_kafka_resp_err_t error = *count == 1 ? rd_kafka_topic_result_error(results[0]) : rd_kafka_event_error(event);
    if (error) stop(what, rd_kafka_err2str(error));
}

static void admin(const char *command, int argc, char **argv) {
    const char *topic = argv[3];
    rd_kafka_t *kafka = client(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), argv[2]);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka);
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(kafka, RD_KAFKA_ADMIN_OP_ANY);
    char error[256];
    if (rd_kafka_AdminOptions_set_request_timeout(options, WAIT_MILLIS, error, sizeof(error))) stop("options", error);
    if (strcmp(command, "create") == 0) {
        if (argc < 6) stop("create", "PARTITIONS and REPLICATION are missing");
        rd_kafka_NewTopic_t *wanted = rd_kafka_NewTopic_new(
            topic, number(argv[4], "partitions"), number(argv[5], "replication"), error, sizeof(error));
        if (!wanted) stop(topic, error);
        for (int i = 6; i < argc; i++) {
            char *value = strchr(argv[i], '=');
            if (!value) stop(argv[i], "KEY=VALUE is expected");
            *value = 0;
            rd_kafka_NewTopic_set_config(wanted, argv[i], value + 1);
        }
        rd_kafka_CreateTopics(kafka, &wanted, 1, options, queue);
        rd_kafka_NewTopic_destroy(wanted);
    } else if (strcmp(command, "grow") == 0) {
        if (argc < 5) stop("grow", "PARTITIONS is missing");
        rd_kafka_NewPartitions_t *wanted = rd_kafka_NewPartitions_new(
            topic, (size_t)number(argv[4], "partitions"), error, sizeof(error));
        if (!wanted) stop(topic, error);
        rd_kafka_CreatePartitions(kafka, &wanted, 1, options, queue);
        rd_kafka_NewPartitions_destroy(wanted);
    } else if (strcmp(command, "delete") == 0) {
        rd_kafka_DeleteTopic_t *unwanted = rd_kafka_DeleteTopic_new(topic);
        rd_kafka_DeleteTopics(kafka, &unwanted, 1, options, queue);
        rd_kafka_DeleteTopic_destroy(unwanted);
    } else {
        if (argc < 6) stop("cut", "PARTITION and OFFSET are missing");
        rd_kafka_topic_partition_list_t *before = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(before, topic, number(argv[4], "partition"))->offset =
            number(argv[5], "offset");
        rd_kafka_DeleteRecords_t *request = rd_kafka_DeleteRecords_new(before);
        rd_kafka_topic_partition_list_destroy(before);
        rd_kafka_DeleteRecords(kafka, &request, 1, options, queue);
        rd_kafka_DeleteRecords_destroy(request);
    }
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, WAIT_MILLIS + 5000);
    if (!event) stop(command, "the broker did not answer");
    size_t count = 0;
    if (rd_kafka_event_error(event)) stop(command, rd_kafka_event_error_string(event));
    if (strcmp(command, "create") == 0) {
        const rd_kafka_CreateTopics_result_t *result = rd_kafka_event_CreateTopics_result(event);
        need(command, rd_kafka_CreateTopics_result_topics(result, &count), &count, event);
    } else if (strcmp(command, "grow") == 0) {
        const rd_kafka_CreatePartitions_result_t *result = rd_kafka_event_CreatePartitions_result(event);
        need(command, rd_kafka_CreatePartitions_result_topics(result, &count), &count, event);
    } else if (strcmp(command, "delete") == 0) {
        const rd_kafka_DeleteTopics_result_t *result = rd_kafka_event_DeleteTopics_result(event);
        need(command, rd_kafka_DeleteTopics_result_topics(result, &count), &count, event);
    } else {
        const rd_kafka_topic_partition_list_t *cut =
            rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event));
        rd_kafka_resp_err_t failure = cut->cnt == 1 ? cut->elems[0].err : RD_KAFKA_RESP_ERR__FAIL;
        if (failure) stop(command, rd_kafka_err2str(failure));
    }
    rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(kafka);
}

int main(int argc, char **argv) {
    static const char usage[] = "record_pipe consume|produce|offsets|create|grow|delete|cut BROKERS TOPIC [...]";
    static const char *const commands[] = {"create", "grow", "delete", "cut"};
    if (argc < 4) stop("usage", usage);
    signal(SIGPIPE, SIG_IGN);
    if (strcmp(argv[1], "consume") == 0) {
        consume(argv[2], argv[3], argc - 4, argv + 4);
    } else if (strcmp(argv[1], "produce") == 0) {
        produce(argv[2], argv[3]);
    } else if (strcmp(argv[1], "offsets") == 0) {
        offsets(argv[2], argv[3]);
    } else {
        for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
            if (strcmp(argv[1], commands[i]) == 0) {
                admin(argv[1], argc, argv);
                return 0;
            }
        }
        stop("usage", usage);
    }
    return 0;
}
