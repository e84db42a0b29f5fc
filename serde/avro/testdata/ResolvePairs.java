// Records in resolve.json what Avro for Java reads of pairs of schemas. Each pair has a
// writer's schema, a reader's, and a value in Avro's JSON; "hex" is the value as written,
// "read" the same in the bytes of the reader's schema, or missing where Java refuses it.
//
//   mvn dependency:copy-dependencies   (org.apache.avro:avro:1.12.0)
//   java -cp 'lib/*' ResolvePairs.java resolve.json > new.json
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.util.HexFormat;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;

public class ResolvePairs {
  static byte[] binary(Schema s, Object v) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    BinaryEncoder e = EncoderFactory.get().binaryEncoder(out, null);
    new GenericDatumWriter<Object>(s).write(v, e);
    e.flush();
    return out.toByteArray();
  }

  public static void main(String[] args) throws Exception {
    ObjectMapper json = new ObjectMapper();
    ArrayNode out = json.createArrayNode();
    for (JsonNode c : json.readTree(new File(args[0]))) {
      Schema writer = new Schema.Parser().parse(c.get("writer").toString());
      Schema reader = new Schema.Parser().parse(c.get("reader").toString());
      Object v = new GenericDatumReader<Object>(writer).read(null, DecoderFactory.get().jsonDecoder(writer, c.get("value").toString()));
      byte[] data = binary(writer, v);
      ObjectNode o = ((ObjectNode) c).deepCopy();
      o.remove("read");
      o.put("hex", HexFormat.of().formatHex(data));
      try {
        Object read = new GenericDatumReader<Object>(writer, reader).read(null, DecoderFactory.get().binaryDecoder(data, null));
        o.put("read", HexFormat.of().formatHex(binary(reader, read)));
      } catch (Exception e) {
        System.err.println(c.get("name").asText() + ": " + e);
      }
      out.add(o);
    }
    StringBuilder text = new StringBuilder("[\n");
    for (int i = 0; i < out.size(); i++) {
      text.append(" ").append(out.get(i)).append(i + 1 < out.size() ? ",\n" : "\n");
    }
    System.out.print(text.append("]\n"));
  }
}
