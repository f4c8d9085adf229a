// Command metrics measures pods that run nothing: a metrics API
// (metrics.k8s.io/v1beta1) for tests, to be registered with an API server.
//
// Every container that runs uses half of what it asks for, so an autoscaler
// has something to go by and nothing to do.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
)

const base = "/apis/metrics.k8s.io/v1beta1"

type object = map[string]any

// server reads pods from an API server.
type server struct {
	api, token string
	client     *http.Client
}

type podList struct {
	Items []struct {
		Metadata struct {
			Name      string            `json:"name"`
			Namespace string            `json:"namespace"`
			Labels    map[string]string `json:"labels"`
		} `json:"metadata"`
		Spec struct {
			Containers []struct {
				Name      string `json:"name"`
				Resources struct {
					Requests map[string]resource.Quantity `json:"requests"`
				} `json:"resources"`
			} `json:"containers"`
		} `json:"spec"`
	} `json:"items"`
}

// pods answers the API server's list of running pods at path.
func (s *server) pods(path, labels string) (podList, error) {
	var list podList
	query := url.Values{"labelSelector": {labels}, "fieldSelector": {"status.phase=Running"}}
	request, err := http.NewRequest(http.MethodGet, s.api+path+"?"+query.Encode(), nil)
	if err != nil {
		return list, err
	}
	request.Header.Set("Authorization", "Bearer "+s.token)
	answer, err := s.client.Do(request)
	if err != nil {
		return list, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return list, fmt.Errorf("%s: %s", path, answer.Status)
	}
	return list, json.NewDecoder(answer.Body).Decode(&list)
}

// measure answers with the usage of the pods at path.
func (s *server) measure(w http.ResponseWriter, r *http.Request, path string) {
	list, err := s.pods(path, r.URL.Query().Get("labelSelector"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	now, items := time.Now().UTC().Format(time.RFC3339), []object{}
	for _, pod := range list.Items {
		containers := []object{}
		for _, container := range pod.Spec.Containers {
			usage := object{
				"cpu":    half(container.Resources.Requests, "cpu", "20m"),
				"memory": half(container.Resources.Requests, "memory", "32Mi"),
			}
			containers = append(containers, object{"name": container.Name, "usage": usage})
		}
		items = append(items, object{
			"metadata": object{
				"name": pod.Metadata.Name, "namespace": pod.Metadata.Namespace,
				"labels": pod.Metadata.Labels,
			},
			"timestamp": now, "window": "0s", "containers": containers,
		})
	}
	write(w, object{"kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": object{}, "items": items})
}

// half of what is asked for, or of otherwise.
func half(requests map[string]resource.Quantity, name, otherwise string) string {
	quantity, asked := requests[name]
	if !asked {
		quantity = resource.MustParse(otherwise)
	}
	return resource.NewMilliQuantity(quantity.MilliValue()/2, quantity.Format).String()
}

func write(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(value); err != nil {
		log.Print(err)
	}
}

func (s *server) routes() http.Handler {
	resources := []object{{
		"name": "pods", "singularName": "", "namespaced": true, "kind": "PodMetrics",
		"verbs": []string{"get", "list"},
	}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base, func(w http.ResponseWriter, _ *http.Request) {
		write(w, object{
			"kind": "APIResourceList", "apiVersion": "v1",
			"groupVersion": "metrics.k8s.io/v1beta1", "resources": resources,
		})
	})
	mux.HandleFunc("GET "+base+"/pods", func(w http.ResponseWriter, r *http.Request) {
		s.measure(w, r, "/api/v1/pods")
	})
	mux.HandleFunc("GET "+base+"/namespaces/{namespace}/pods", func(w http.ResponseWriter, r *http.Request) {
		s.measure(w, r, "/api/v1/namespaces/"+url.PathEscape(r.PathValue("namespace"))+"/pods")
	})
	return mux
}

func main() {
	listen := flag.String("listen", "", "address and port")
	api := flag.String("server", "", "URL of the API server")
	token := flag.String("token", "", "bearer token for it")
	authority := flag.String("authority", "", "file with the authority of its certificate")
	certificate := flag.String("certificate", "", "file with our own certificate")
	key := flag.String("key", "", "file with its key")
	flag.Parse()

	pem, err := os.ReadFile(*authority)
	if err != nil {
		log.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	s := &server{api: *api, token: *token, client: client}
	log.Fatal(http.ListenAndServeTLS(*listen, *certificate, *key, s.routes()))
}
