// Writes where Kafka's Java producer puts 1,000 keys: a line KEY TEN THREE each, the key
// in hexadecimal ("-" is the empty key), its partition of ten and of three.
//
//	java -cp 'KAFKA/libs/*' kafka/testdata/Partitions.java > kafka/testdata/java-partitions.txt
import java.util.HexFormat;
import java.util.Random;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;

class Partitions {
    public static void main(String[] args) {
        Random random = new Random(42);
        for (int i = 0; i < 1000; i++) {
            byte[] key = new byte[i == 0 ? 0 : random.nextInt(41)];
            random.nextBytes(key);
            if (i % 2 == 1) {
                key = ("user-" + i).getBytes(java.nio.charset.StandardCharsets.UTF_8);
            }
            String hex = key.length == 0 ? "-" : HexFormat.of().formatHex(key);
            System.out.println(hex + " " + BuiltInPartitioner.partitionForKey(key, 10) + " " + BuiltInPartitioner.partitionForKey(key, 3));
        }
    }
}
