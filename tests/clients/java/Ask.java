import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** Sends two chat requests with Java's own client as it comes, and prints the status and the body of each answer. */
public class Ask {
    public static void main(String[] arguments) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        for (String stream : new String[] {"false", "true"}) {
            String body = "{\"model\": \"test/echo\", \"stream\": " + stream
                + ", \"messages\": [{\"role\": \"user\", \"content\": \"Hello there.\"}]}";
            HttpRequest request = HttpRequest.newBuilder(URI.create(arguments[0] + "/v1/chat/completions"))
                .header("Authorization", "Bearer " + arguments[1])
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
            HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
            System.out.println(response.statusCode() + " " + response.version() + " " + response.body().strip().replace("\n", "|"));
        }
    }
}
