"""Formats that people have, a few lines of each: what is read of them, and what is said of the rest."""
# ruff: noqa: E501
# Lines of logs stand as they are.

import bz2
import gzip
import io
import json
import lzma
import zipfile

import pytest

pytest.importorskip("polars")

from explorer.ingest.reader import read_inputs
from explorer.ingest.result import Summary

ID = "81e74ef5-36f6-4099-a160-6b0d6f0367{:02d}"
REPORT = (
    "REPORT RequestId: " + ID + "\tDuration: 385.61 ms\tBilled Duration: 386 ms\tMemory Size: 512 MB\t"
    "Max Memory Used: 112 MB\t"
)


def read(tmp_path, content, name="a.log"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Summary(read_inputs([str(path)])).to_dict()


def lines(form, count=8, **more):
    """Some lines of a form, in which {n} is the number of the line, from 10 on so that it has two digits."""
    return "".join(form.replace("{n}", str(n)) + "\n" for n in range(10, 10 + count))


def records(record, count=8):
    return lines(json.dumps(record), count)


def clf(tail="", size="612", path="/v1/orders"):
    return lines(f'198.51.100.1 - - [02/Nov/2026:08:00:{{n}} +0000] "GET {path} HTTP/1.1" 200 {size}{tail}')


SPANS = [
    {"traceId": "t{n}", "spanId": "s", "kind": 2, "startTimeUnixNano": "17936064{n}000000000",
     "endTimeUnixNano": "17936064{n}400000000",
     "attributes": [{"key": "http.response.status_code", "value": {"intValue": "200"}},
                    {"key": "http.response.body.size", "value": {"intValue": "178476"}}]},
    {"traceId": "t{n}", "spanId": "c", "parentSpanId": "s", "kind": 3, "attributes": [],
     "startTimeUnixNano": "17936064{n}100000000", "endTimeUnixNano": "17936064{n}200000000"},
]  # fmt: skip
SEGMENT = {
    "id": "a{n}", "trace_id": "1-x", "name": "api", "origin": "AWS::Lambda::Function",
    "start_time": 1793606435.2, "end_time": 1793606435.6, "subsegments": [
        {"name": "Initialization", "start_time": 1793606435.0, "end_time": 1793606435.15},
        {"name": "Invocation", "start_time": 1793606435.2, "end_time": 1793606435.6, "subsegments": [
            {"name": "DynamoDB", "namespace": "aws", "start_time": 1793606435.3, "end_time": 1793606435.4}]}],
}  # fmt: skip
PLATFORM = {
    "time": "2026-11-02T08:00:{n}.218Z", "type": "platform.report", "record": {
        "requestId": "r{n}", "status": "success", "spans": [{"name": "responseLatency", "durationMs": 1.5}],
        "metrics": {"durationMs": 1.2e3, "billedDurationMs": 1200, "memorySizeMB": 512, "maxMemoryUsedMB": 100,
                    "initDurationMs": 0}},
}  # fmt: skip
RUNTIME_DONE = {
    "time": "2026-11-02T08:00:{n}.218Z", "type": "platform.runtimeDone",
    "record": {"requestId": "r{n}", "status": "success", "metrics": {"durationMs": 385.61, "producedBytes": 178476}},
}  # fmt: skip
HAR = {
    "startedDateTime": "2026-11-02T08:00:{n}.123Z", "time": 120.5,
    "request": {"method": "GET", "url": "https://x/api", "bodySize": 2053},
    "response": {"status": 200, "content": {"size": 178476}, "bodySize": -1}, "timings": {"send": 1, "wait": 100.5},
}  # fmt: skip
JMETER = (
    "timeStamp,elapsed,label,responseCode,responseMessage,threadName,success,bytes,sentBytes,URL,Latency\n"
)
K6 = "metric_name,timestamp,metric_value,check,error,method,name,status,url\n"

# name: the text, then: lines used, the largest duration [ms], response [B] and request [B], the span [s]
FORMS = {
    "ALB": (lines('http 2026-11-02T08:00:{n}.186641Z app/lb/50 192.0.2.1:2817 - 0.000 0.385 0.000 200 - 2053 178476 '
                  '"GET http://a:80/ HTTP/1.1" "curl" - -'), 8, 385, 178476, 2053, 7),
    "Classic Load Balancer": (lines('2026-11-02T08:00:{n}.945958Z my-elb 192.168.131.39:2817 10.0.0.1:80 0.000073 '
                                    '0.385610 0.000057 200 200 2053 178476 "GET http://a:80/ HTTP/1.1" "curl/7" - -'),
                              8, 385.61, 178476, 2053, 7),
    "Classic Load Balancer, TCP": (lines('2026-11-02T08:00:{n}.945958Z my-elb 192.168.131.39:2817 10.0.0.1:80 0.001069 '
                                         '0.000028 0.000041 - - 82 305 "- - - " "-" - -'), 8, 0.028, 305, 82, 7),
    "Network Load Balancer": (lines("tls 2.0 2026-11-02T08:00:{n} net/nlb/c6e77e28c25b2234 g3d4b5e8bb8464cd "
                                    "72.21.218.154:51341 172.100.100.185:443 5 2 98 246 - arn:aws:acm:x - "
                                    "ECDHE-RSA-AES128-SHA tlsv12 - nlb.amazonaws.com - - - 2018-12-20T02:59:30"),
                              8, 5, 246, 98, 7),
    "S3": (lines('79a59df900b949e5 my-bucket [02/Nov/2026:08:00:{n} +0000] 192.0.2.3 - 3E57427F3EXAMPL{n} '
                 'REST.GET.OBJECT s3-dg.js "GET /my-bucket/s3-dg.js HTTP/1.1" 200 - 113 4406583 385 28 "-" '
                 '"S3Console/0.4" - id= SigV4 ECDHE AuthHeader b.s3.amazonaws.com TLSV1.2 - -'), 8, 385, 113, None, 7),
    "HAProxy": (lines('Feb  6 12:14:14 localhost haproxy[14389]: 10.0.1.2:33317 [02/Nov/2026:08:00:{n}.655] http-in '
                      'static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /a HTTP/1.1"'),
                8, 69, 2750, None, 7),
    "HAProxy, TCP": (lines("haproxy[14387]: 10.0.1.2:33313 [02/Nov/2026:08:00:{n}.443] fnt bck/srv1 0/0/5007 212 -- "
                           "0/0/0/0/3 0/0"), 8, 5007, 212, None, 7),
    "Envoy": (lines('[2026-11-02T08:00:{n}.310Z] "POST /api HTTP/2" 204 - 154 77 226 100 "10.0.35.28" "nsq2http" '
                    '"cc21d9b0-cf5c-432b-8c7e-98aeb7988c{n}" "locations" "tcp://10.0.2.1:80"'), 8, 100, 77, 154, 7),
    "Istio": (lines('[2026-11-02T08:00:{n}.409Z] "GET /status HTTP/1.1" 418 - via_upstream - "-" 12 135 5 4 "-" '
                    '"curl" "84961386-6d84-929d-98bd-c5aee93b5c{n}" "httpbin:8000" "127.0.0.1:80" inbound'),
              8, 4, 135, 12, 7),
    "common log format": (clf(), 8, None, 612, None, 7),
    "combined, %D": (clf(' "-" "curl" 385610'), 8, 385.61, 612, None, 7),
    "combined, %T": (lines('::1 - - [02/Nov/2026:08:00:{n} +0000] "GET / HTTP/1.1" 200 612 "-" "curl" 0')
                     + '::1 - - [02/Nov/2026:08:00:17 +0000] "GET / HTTP/1.1" 200 612 "-" "curl" 2\n',
                     9, 2000, 612, None, 7),
    "combined, %T/%D": (clf(' "-" "curl" **0/385610**'), 8, 385.61, 612, None, 7),
    "combined, %I %O": (clf(' "-" "curl" 2053 900'), 8, None, 612, 2053, 7),
    "Tomcat, ms": (clf(" 385"), 8, 385, 612, None, 7),
    "nginx, request time": (clf(' "-" "curl" "-" 0.386'), 8, 386, 612, None, 7),
    "nginx, both times": (clf(' "-" "curl" rt=0.400 uct="0.001" urt="0.385"'), 8, 385, 612, None, 7),
    "ingress-nginx": (clf(' "-" "curl" 2053 0.400 [default-svc-80] [] 10.0.0.1:80 612 0.385 200 ec2f'),
                      8, 385, 612, 2053, 7),
    "Traefik, common log format": (clf(' "-" "curl" 12 "api@docker" "http://10.0.0.1:80" 385ms'),
                                   8, 385, 612, None, 7),
    "Django": (lines('[02/Nov/2026 08:00:{n}] "GET /v1 HTTP/1.1" 200 1784'), 8, None, 1784, None, 7),
    "Gin": (lines('[GIN] 2026/11/02 - 08:00:{n} | 200 |  385.61ms |   198.51.100.62 | GET      "/v1"'),
            8, 385.61, None, None, 7),
    "Squid": (lines("17936064{n}.218    385 198.51.100.62 TCP_MISS/200 1784 GET http://x/ - HIER_DIRECT/1.1.1.1 text/html"),
              8, 385, 1784, None, 7),
    "Morgan": ("GET /v1 200 385.610 ms - 1784\n" * 8, 8, 385.61, 1784, None, None),
    "Heroku": (lines('2026-11-02T08:00:{n}.218000+00:00 heroku[router]: at=info method=GET path="/v1" host=x '
                     'request_id=81e74ef5-{n} dyno=web.1 connect=1ms service=385ms status=200 bytes=178476'),
               8, 385, 178476, None, 7),
    "logfmt": (lines('time="2026-11-02T08:00:{n}Z" level=info msg="a b" method=GET path=/v1 status=200 duration=1.5s bytes=9'),
               8, 1500, 9, None, 7),
    "lograge": (lines("I, [2026-11-02T08:00:{n}.000000 #4]  INFO -- : method=GET path=/jobs controller=Jobs "
                      "action=index status=200 duration=58.33 view=40.43"), 8, 58.33, None, None, 7),
    "IIS": ("#Software: Microsoft Internet Information Services 10.0\r\n#Fields: date time cs-method cs-uri-stem "
            "sc-status time-taken\r\n2026-11-02 08:00:10 GET /v1 200 385\r\n#Software: Microsoft Internet "
            "Information Services 10.0\r\n#Fields: date time cs-uri-stem sc-status sc-bytes cs-bytes time-taken\r\n"
            "2026-11-02 08:00:17 /v1 200 1000 50 386\r\n", 2, 386, 1000, 50, 7),
    "CloudFront": ("#Version: 1.0\n#Fields: date time sc-bytes cs-uri-stem sc-status cs-bytes time-taken\n"
                   + lines("2026-11-02\t08:00:{n}\t178476\t/a.js\t200\t2053\t0.386"), 8, 386, 178476, 2053, 7),
    "CloudFront, JSON": (records({"date": "2026-11-02", "time": "08:00:{n}", "sc-bytes": "178476", "sc-status": "200",
                                  "cs-bytes": "2053", "time-taken": "0.386", "cs-uri-stem": "/a"}),
                         8, 386, 178476, 2053, 7),
    "nginx, JSON": (records({"time_iso8601": "2026-11-02T08:00:{n}+00:00", "request": "GET / HTTP/1.1", "status": "200",
                             "body_bytes_sent": "178476", "request_length": "2053", "request_time": "0.4",
                             "upstream_response_time": "0.200, 0.186"}), 8, 386, 178476, 2053, 7),
    "pino-http": (records({"time": "17936064{n}218", "req": {"id": 1, "method": "GET", "headers": {"content-length": "77"}},
                           "res": {"statusCode": 200, "headers": {"content-length": "178476"}}, "responseTime": 385}),
                  8, 385, 178476, 77, 7),
    "Caddy": (records({"ts": "17936064{n}.218", "request": {"uri": "/v1"}, "bytes_read": 2053, "duration": 0.38561,
                       "size": 178476, "status": 200}), 8, 385.61, 178476, 2053, 7),
    "Traefik": (records({"DownstreamContentSize": 178476, "DownstreamStatus": 200, "Duration": 400000000,
                         "OriginDuration": 385610000, "RequestContentSize": 2053, "RequestPath": "/v1",
                         "StartUTC": "2026-11-02T08:00:{n}.218Z"}), 8, 385.61, 178476, 2053, 7),
    "Kong": (records({"latencies": {"request": 500, "kong": 5, "proxy": 400}, "response": {"status": 200, "size": "961"},
                      "request": {"size": "75", "uri": "/get"}, "started_at": "17936064{n}425"}), 8, 400, 961, 75, 7),
    "Envoy, JSON": (records({"start_time": "2026-11-02T08:00:{n}.1Z", "response_code": 200, "bytes_received": 2053,
                             "bytes_sent": 178476, "duration": 400, "upstream_service_time": "385", "path": "/v1"}),
                    8, 385, 178476, 2053, 7),
    "Echo": (records({"time": "2026-11-02T08:00:{n}.1Z", "uri": "/v1", "status": 200, "latency": 385610000,
                      "latency_human": "385.61ms", "bytes_in": 2053, "bytes_out": 178476}), 8, 385.61, 178476, 2053, 7),
    "Google's load balancer": (records({"timestamp": "2026-11-02T08:00:{n}.1Z", "httpRequest": {
        "requestUrl": "https://x/y", "requestSize": "2053", "status": 200, "responseSize": "178476",
        "latency": "0.385610s"}}), 8, 385.61, 178476, 2053, 7),
    "Cloudflare": (records({"ClientRequestBytes": 2053, "ClientRequestURI": "/v1", "EdgeResponseBytes": 178476,
                            "EdgeResponseStatus": 200, "EdgeStartTimestamp": "2026-11-02T08:00:{n}Z",
                            "OriginResponseDurationMs": 385}), 8, 385, 178476, 2053, 7),
    "Front Door": (json.dumps({"records": [{"time": f"2026-11-02T08:00:{n}Z", "properties": {
        "requestUri": "https://x/", "requestBytes": "2053", "responseBytes": "178476", "timeTaken": "0.385",
        "httpStatusCode": "200"}} for n in range(10, 18)]}), 8, 385, 178476, 2053, 7),
    "ECS": (records({"@timestamp": "2026-11-02T08:00:{n}.1Z", "http": {"request": {"body": {"bytes": 2053}},
                     "response": {"status_code": 200, "body": {"bytes": 178476}}}, "event": {"duration": 385610000}}),
            8, 385.61, 178476, 2053, 7),
    "Serilog": (records({"Timestamp": "2026-11-02T08:00:{n}.1Z", "Properties": {"RequestPath": "/v1", "StatusCode": 200,
                         "Elapsed": 385.61}}), 8, 385.61, None, None, 7),
    "Application Insights": ("timestamp,id,name,success,resultCode,duration\n"
                             + lines("2026-11-02T08:00:{n}.218Z,81e74ef5-{n},GET /,True,200,385.61"),
                             8, 385.61, None, None, 7),
    "Docker": (records({"log": '::1 - - [02/Nov/2026:08:00:{n} +0000] "GET / HTTP/1.1" 200 612 "-" "x" 0.385\n',
                        "stream": "stdout", "time": "2026-11-02T09:00:{n}.1Z"}), 8, 385, 612, None, 7),
    "Docker, Lambda": (lines(json.dumps({"log": REPORT.format(10) + "\n", "stream": "stdout",
                                         "time": "2026-11-02T09:00:{n}.1Z"})), 8, 385.61, None, None, 7),
    "Kubernetes": (lines('2026-11-02T09:00:{n}.1Z stdout F ::1 - - [02/Nov/2026:08:00:{n} +0000] "GET / HTTP/1.1" 200 612 '
                         '"-" "x" 0.385'), 8, 385, 612, None, 7),
    "JSON after a time": (lines('2026-11-02T08:00:{n}.1Z {"status": "200", "responseLength": "49", "integrationLatency": "7"}'),
                          8, 7, 49, None, 7),
    "API Gateway, execution log": ("".join(
        f"(81e74ef5-36f6-4099-a160-6b0d6f0367{n}) {text}\n" for n in range(10, 18) for text in (
            "Starting execution for request: x", "Endpoint response body before transformations: {}",
            "Received response. Status: 200, Integration latency: 385 ms", "Method completed with status: 200")),
        8, 385, None, None, None),
    "X-Ray, segments": (records(SEGMENT), 8, 400, None, None, 0),
    "X-Ray, traces": (json.dumps({"Traces": [{"Id": "1-x", "Segments": [{"Id": "q", "Document": json.dumps(
        {"id": "z", "origin": "AWS::Lambda", "start_time": 1793606435.1, "end_time": 1793606435.7, "trace_id": "1"})},
        {"Id": "a", "Document": json.dumps(SEGMENT)}]}] * 8}, indent=2), 8, 400, None, None, 0),
    "OTLP, lines": (records({"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"spans": SPANS}]}]}),
                    8, 400, 178476, None, 7),
    "OTLP, document": ('{"resourceSpans": [' + ",\n".join(
        records({"scopeSpans": [{"spans": SPANS}]}).splitlines()) + "]}", 8, 400, 178476, None, 7),
    "Zipkin": (json.dumps([{"traceId": "a", "id": str(n), "kind": "SERVER", "timestamp": (1793606400 + n) * 10**6,
                            "duration": 385610, "localEndpoint": {"serviceName": "x"},
                            "tags": {"http.status_code": "200"}} for n in range(10, 18)]), 8, 385.61, None, None, 7),
    "HAR": ('{"log": {"version": "1.2", "pages": [{"id": "p"}], "entries": [' + ",".join(
        records(HAR).splitlines()) + "]}}", 8, 100.5, 178476, 2053, 7),
    "Vegeta": (records({"attack": "", "seq": 1, "code": 200, "timestamp": "2026-11-02T08:00:{n}.218Z", "error": "",
                        "latency": 385610000, "bytes_out": 2053, "bytes_in": 178476}), 8, 385.61, 178476, 2053, 7),
    "Vegeta, CSV": (lines("17936064{n}218000000,200,385610000,2053,178476,,e30=,,1,GET,https://x,"),
                    8, 385.61, 178476, 2053, 7),
    "k6": (records({"metric": "http_req_duration", "type": "Point", "data": {
        "time": "2026-11-02T08:00:{n}.218Z", "value": 385.61, "tags": {"status": "200"}}}), 8, 385.61, None, None, 7),
    "k6, CSV": (K6 + lines("http_reqs,17936064{n},1,,,GET,x,200,x\nhttp_req_duration,17936064{n},385.61,,,GET,x,200,x"),
                8, 385.61, None, None, 7),
    "JMeter": (JMETER + lines("17936064{n}218,385,HTTP,200,OK,Group 1-1,true,178476,2053,https://x,380"),
               8, 385, 178476, 2053, 7),
    "JMeter, XML": ('<?xml version="1.0"?>\n<testResults version="1.2">\n' + lines(
        '<httpSample t="385" it="0" lt="380" ts="17936064{n}218" s="true" rc="200" by="178476" sby="2053"/>')
        + "</testResults>\n", 8, 385, 178476, 2053, 7),
    "hey, CSV": ("response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n"
                 + lines("0.3856,0.0010,0.0002,0.0000,0.3856,0.0001,200,0.1"), 8, 385.6, None, None, None),
    "Lambda's events, without an end of line": ("".join(records(PLATFORM).splitlines()), 8, 1200, None, None, 7),
    "Lambda's events, on many lines": ("\n".join(json.dumps(json.loads(x), indent=2) for x in
                                                 records(PLATFORM).splitlines()), 8, 1200, None, None, 7),
    "Telemetry API": (f"[{','.join(records(RUNTIME_DONE).splitlines())}]", 8, 385.61, 178476, None, 7),
    "an array of access records": ("[\n" + ",\n".join(records({
        "requestTime": "02/Nov/2026:08:00:{n} +0000", "status": "200", "responseLength": "1000",
        "integrationLatency": "50"}).splitlines()) + "\n]\n", 8, 50, 1000, None, 7),
    "the console's CSV": ("timestamp,message\n" + "".join(f'17936064{n}218,"{REPORT.format(n)}\n"\n' for n in range(10, 18)),
                          8, 385.61, None, None, 7),
    "filter-log-events as text": ("".join(f"EVENTS\t37680000000000000000000{n}\t1793606439999\t2026/11/02/[$LATEST]a\t"
                                          f"{REPORT.format(n)}\n\t17936064{n}218\n" for n in range(10, 18)),
                                  8, 385.61, None, None, 7),
    "an array of lines": (json.dumps([f"2026-11-02T08:00:{n}.218Z {REPORT.format(n)}\n" for n in range(10, 18)]),
                          8, 385.61, None, None, 7),
    "reports without an end of line": ("".join(f"2026-11-02T08:00:{n}.218Z {REPORT.format(n)}" for n in range(10, 18)),
                                       8, 385.61, None, None, 7),
}  # fmt: skip


def largest(answer, name):
    return answer[name] and answer[name]["max"]


@pytest.mark.parametrize("name", FORMS)
def test_a_format_gives_the_figures_that_stand_in_it(name, tmp_path):
    text, count, duration, response, request, span = FORMS[name]
    answer = read(tmp_path, text)
    assert (answer["used"], answer["invocations"], answer["unreadable"]) == (count, count, 0), answer[
        "examples"
    ]
    assert largest(answer, "duration_ms") == (duration and pytest.approx(duration))
    assert largest(answer, "response_bytes") == response and largest(answer, "request_bytes") == request
    assert answer["span_s"] == span


# Results that list no requests ------------------------------------------------------------------------

LEVELS = {"p50": 180.0, "p90": 560.0, "p99": 1500.0, "max": 3900.0}
RESULTS = {
    "k6": json.dumps({"metrics": {"http_req_duration": {"values": {
        "med": 180, "max": 3900, "p(90)": 560, "p(99)": 1500}}, "http_reqs": {"values": {"count": 2000}}}}),
    "k6, exported": json.dumps({"metrics": {"http_req_duration": {
        "med": 180, "max": 3900, "p(90)": 560, "p(99)": 1500}, "http_reqs": {"count": 2000}}}),
    "artillery": json.dumps({"aggregate": {"counters": {"http.requests": 2000}, "summaries": {
        "http.response_time": {"median": 180, "p90": 560, "p99": 1500, "max": 3900}}}}, indent=1),
    "Vegeta": json.dumps({"latencies": {"50th": 18e7, "90th": 56e7, "99th": 15e8, "max": 39e8}, "requests": 2000,
                          "status_codes": {"200": 2000}}),
    "autocannon": json.dumps({"requests": {"total": 2000}, "latency": {
        "p50": 180, "p90": 560, "p99": 1500, "max": 3900}}),
    "oha": json.dumps({"summary": {"slowest": 3.9}, "latencyPercentiles": {"p50": 0.18, "p90": 0.56, "p99": 1.5},
                       "statusCodeDistribution": {"200": 2000}}),
    "Locust": "Type,Name,Request Count,Failure Count,Median Response Time,Max Response Time,90%,99%\n"
              "GET,/v1,2000,0,180,3900,560,1500\n,Aggregated,2000,0,180,3900,560,1500\n",
    "Locust, history": "Timestamp,User Count,Type,Name,Requests/s,50%,90%,99%,100%,Total Request Count\n"
                       "1793606435,10,,Aggregated,33,170,550,1400,3800,1000\n"
                       "1793606436,10,,Aggregated,33,180,560,1500,3900,2000\n",
    "Locust, JSON": json.dumps([{"name": "/", "num_failures": 0, "response_times": {
        "180": 1000, "560": 800, "1500": 185, "3900": 15}}]),
    "wrk": "Running 30s test @ https://x\n  Thread Stats   Avg      Stdev     Max   +/- Stdev\n"
           "    Latency   180.91ms  1.89ms 3.90s   90.96%\n  Latency Distribution\n     50%  180.00ms\n"
           "     90%  560.00ms\n     99%    1.50s\n  2000 requests in 30.00s, 17.76GB read\n",
    "ab": "Concurrency Level:      10\nComplete requests:      2000\nFailed requests:        0\n\n"
          "  50%    180\n  90%    560\n  99%   1500\n 100%   3900 (longest request)\n",
    "hey": "Summary:\n  Total:\t30 secs\n  Slowest:\t3.9000 secs\n\nLatency distribution:\n  50% in 0.1800 secs\n"
           "  90% in 0.5600 secs\n  99% in 1.5000 secs\n\nStatus code distribution:\n  [200]\t2000 responses\n",
    "Vegeta, text": "Requests      [total, rate, throughput]         2000, 33.02, 33.00\n"
    "Latencies     [min, mean, 50, 90, 95, 99, max]  20ms, 210ms, 180ms, 560ms, 790ms, 1.5s, 3.9s\n"
    "Status Codes  [code:count]                      200:1980  500:20\n",
    "k6, text": "     http_req_duration..............: avg=210.1ms min=20ms med=180ms max=3.9s p(90)=560ms "
    "p(95)=790ms p(99)=1.5s\n     http_reqs......................: 2000   33.0/s\n",
    "artillery, text": "http.codes.200: ...... 2000\nhttp.requests: ........ 2000\nhttp.response_time:\n"
    "  min: ..... 20\n  max: ..... 3900\n  median: .. 180\n  p90: ..... 560\n  p99: ..... 1500\n",
    "Locust, 0.14": '"Type","Name","# requests","# failures","Median response time","Max response time","90%","99%"\n'
    '"None","Total",2000,0,180,3900,560,1500\n',
    "JMeter, aggregate": "Label,# Samples,Average,Median,90% Line,95% Line,99% Line,Min,Maximum,Error %\n"
    "HTTP,2000,210,180,560,790,1500,20,3900,0.00%\nTOTAL,2000,210,180,560,790,1500,20,3900,0.00%\n",
    "Logs Insights, CSV": '"count(@requestId)","pct(@duration, 50)","pct(@duration, 90)","pct(@duration, 99)",'
                          '"max(@duration)"\n2000,180,560,1500,3900\n',
    "Logs Insights, JSON": json.dumps({"results": [[{"field": f, "value": v} for f, v in (
        ("count(*)", "2000"), ("pct(@duration, 50)", "180"), ("pct(@duration, 90)", "560"),
        ("pct(@duration, 99)", "1500"), ("max(@duration)", "3900"))]], "status": "Complete"}),
}  # fmt: skip


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_gives_the_quantiles_that_it_states_and_says_what_it_lacks(name, tmp_path):
    answer = read(tmp_path, RESULTS[name])
    assert {level: answer["duration_ms"][level] for level in LEVELS} == pytest.approx(LEVELS)
    assert answer["invocations"] == 2000 and answer["unreadable"] == 0
    assert any("states quantiles and not the requests" in note for note in answer["notes"])
    assert answer["response_bytes"] is None


def test_a_quantile_below_a_lower_one_is_left_out_and_said(tmp_path):
    from explorer.ingest.workload import draft

    (tmp_path / "a.csv").write_text(RESULTS["Locust"].replace(",1500\n", ",15\n"))
    workload_draft = draft(Summary(read_inputs([str(tmp_path / "a.csv")])), "w", "today")
    assert "runtime.p99" not in workload_draft.values and workload_draft.values["runtime.max"] == "3.9 s"
    assert any("p99 of the runtime is stated below" in line for line in workload_draft.head)


def test_statistics_of_several_periods_give_counts_and_maxima_alone(tmp_path):
    rows = "bin(5m),count(*),avg(@duration),pct(@duration, 99),max(@duration)\n"
    rows += "2026-11-02 08:00:00.000,1000,210,1500,3900\n2026-11-02 08:05:00.000,1001,210,1400,3700\n"
    answer = read(tmp_path, rows)
    assert answer["invocations"] == 2001 and answer["duration_ms"]["max"] == 3900
    assert answer["duration_ms"]["p99"] is None
    assert "pct(@duration, 99)" in {row["what"] for row in answer["ignored"]}


# What is within, and what it does not become ----------------------------------------------------------


def test_a_date_within_a_url_is_not_the_time_of_the_request(tmp_path):
    answer = read(tmp_path, clf(path="/report?from=2010-01-01T00:00:00Z"))
    assert answer["span_s"] == 7 and Summary(read_inputs([str(tmp_path / "a.log")])).times.least == 1793606410


def test_quotes_within_a_request_end_no_field(tmp_path):
    odd = '::1 - - [02/Nov/2026:08:00:35 +0000] "{}" 400 157 "-" "-"\n'
    answer = read(tmp_path, clf(' "-" "-"') + odd.format(r"\x16\x03") + odd.format(r"GET /?q=\"a\" HTTP/1.1"))
    assert (answer["used"], answer["unreadable"]) == (10, 0) and answer["http_errors"] == {"HTTP 400": 2}


def test_an_initialisation_of_zero_is_no_cold_start(tmp_path):
    answer = read(
        tmp_path,
        records(PLATFORM) + "2026-11-02T08:00:35.218Z " + REPORT.format(1) + "Init Duration: 0.00 ms\n",
    )
    assert answer["cold_start_share"] == 0 and answer["init_ms"] is None and answer["used"] == 9


@pytest.mark.parametrize(("lines_off", "span"), [(1, 990), (11, 1793606410 - 3)])
def test_a_clock_that_is_wrong_is_left_out_of_the_span(lines_off, span, tmp_path):
    stamp = "2026-11-02T08:{:02d}:{:02d}.218Z "
    log = "".join(stamp.format(n // 60, n % 60) + REPORT.format(n % 100).replace("a160", f"{n:04d}") + "\n"
                  for n in range(0, 1000, 10))  # fmt: skip
    off = "".join(f"2020-01-01T00:00:03.{n:03d}Z " + REPORT.format(n) + "\n" for n in range(lines_off))
    answer = read(tmp_path, log + off)
    if lines_off == 1:
        assert answer["span_s"] == span and any("clock that was wrong" in note for note in answer["notes"])
    else:  # more than a stray: an old log beside a new one
        assert answer["span_s"] > 1e8 and not any("clock" in note for note in answer["notes"])


def test_a_report_that_is_delivered_twice_counts_once_and_another_attempt_counts(tmp_path):
    line = "2026-11-02T08:00:35.218Z " + REPORT.format(1) + "\n"
    again = line.replace("08:00:35", "08:01:35")  # the same request a minute later: another attempt
    answer = read(tmp_path, line + again + line)
    assert (answer["read"], answer["used"], answer["invocations"]) == (3, 2, 2)
    assert any("delivered twice" in row["what"] and row["lines"] == 1 for row in answer["ignored"])


def test_a_content_length_counts_with_what_is_above_it(tmp_path):
    record = {"time": "2026-11-02T08:00:{n}Z", "status": 200, "responseTime": 3,
              "incoming": {"request": {"content-length": "7"}}, "outgoing": {"response": {"content-length": "9"}}}  # fmt: skip
    answer = read(tmp_path, records(record))
    assert largest(answer, "request_bytes") == 7 and largest(answer, "response_bytes") == 9


def test_a_duration_without_a_unit_is_told_as_what_it_is_taken_for(tmp_path):
    record = {"time": "2026-11-02T08:00:{n}Z", "status": 200, "path": "/", "took": 385}
    answer = read(tmp_path, records(record))
    assert answer["duration_ms"]["max"] == 385
    assert "the field took has no unit: it is taken for milliseconds" in answer["notes"]


def test_traces_tell_waiting_from_working(tmp_path):
    for name in ("OTLP, lines", "X-Ray, segments"):  # 100 of 400 ms are a call's
        assert read(tmp_path, FORMS[name][0])["cpu"] == pytest.approx(0.75), name
    assert read(tmp_path, FORMS["X-Ray, segments"][0])["init_ms"]["max"] == pytest.approx(150)


def test_the_rate_of_a_load_test_is_no_traffic(tmp_path):
    answer = read(tmp_path, FORMS["Vegeta"][0])
    assert answer["busiest_minute_rps"] is None and any(
        "the load was asked for" in n for n in answer["notes"]
    )


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_what_is_packed_is_unpacked(pack, tmp_path):
    halves = clf()[:300].encode(), clf()[300:].encode()
    assert read(tmp_path, b"".join(map(pack, halves)))["used"] == 8  # members follow one another


def test_an_archive_is_read_file_by_file(tmp_path):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("a/one.log", clf())
        archive.writestr("two.log.gz", gzip.compress(clf().encode()))
        archive.writestr("__MACOSX/._one.log", b"\0\1")
    answer = read(tmp_path, content.getvalue(), "logs.zip")
    assert (answer["used"], answer["unreadable"]) == (16, 0)


@pytest.mark.parametrize(
    ("begins", "says"),
    [
        (b"\x28\xb5\x2f\xfd rest", "Zstandard, which is not read: unpack it with zstd -d"),
        (b"Obj\x01 rest", "Avro, which is not read: convert it to JSON lines"),
        (b"2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1 2 ACCEPT OK", "VPC flow"),
        (b'{"Records": [{"eventVersion": "1.08", "eventSource": "s3.amazonaws.com"}]}', "CloudTrail, which is not read"),
        (b"# HELP http_requests_total x\n# TYPE http_requests_total counter\n", "Prometheus metrics"),
        (b"2026/11/02 08:00:35 [error] 31#31: *1 open() failed", "an error log, which is not read: give the access log"),
    ],
)  # fmt: skip
def test_a_format_that_is_not_read_is_named_with_what_to_do(begins, says, tmp_path):
    answer = read(tmp_path, begins)
    assert answer["used"] == 0 and any(says in note for note in answer["notes"])


def test_what_lines_hold_and_is_not_used_is_named(tmp_path):
    names = {row["what"] for row in read(tmp_path, FORMS["Echo"][0])["ignored"]}
    assert names == {"latency_human"}
    assert {"success"} <= {row["what"] for row in read(tmp_path, FORMS["Application Insights"][0])["ignored"]}
    others = read(tmp_path, "START RequestId: x\n" + REPORT.format(1) + "\nEND RequestId: x\n")["ignored"]
    assert others == [
        {"what": "lines that are no report: START, END, and what the function itself wrote", "lines": 2}
    ]


def test_health_checks_and_static_files_do_not_become_the_sizes_of_the_api(tmp_path):
    asides = clf(size="2", path="/health") + clf(size="90000", path="/static/app.js?v=1")
    answer = read(tmp_path, clf() + asides)
    assert answer["used"] == 8 and largest(answer, "response_bytes") == 612
    counts = {row["what"]: row["lines"] for row in answer["ignored"]}
    assert counts["health checks"] == counts["static files"] == 8
    alone = read(
        tmp_path, clf(size="90000", path="/static/app.js")
    )  # where there is nothing else, they count
    assert alone["used"] == 8 and largest(alone, "response_bytes") == 90000


def test_the_durations_of_each_memory_size_are_told_apart(tmp_path):
    small = "".join(REPORT.format(n) + "\n" for n in range(10, 20))
    large = "".join(
        REPORT.format(n).replace("512 MB", "1024 MB").replace("385.61", "200.5") + "\n" for n in range(20, 30)
    )
    few = REPORT.format(31).replace("512 MB", "2048 MB") + "\n"
    assert read(tmp_path, small + large + few)["tuned"] == [
        {"memory_mb": 512, "p50_ms": 385.61}, {"memory_mb": 1024, "p50_ms": 200.5}]  # fmt: skip
    assert read(tmp_path, small)["tuned"] == []
