"""What `bench.gifts` compares: TPC-B, a naive ledger, gifts through the service, over HTTP, and into Kafka."""
