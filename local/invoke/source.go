package invoke

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Source is the repository: its functions and their sample events.
type Source struct {
	root    string
	folders map[string]string // of a function → logical id in template.yaml
}

// Open reads template.yaml.
func Open(root string) (Source, error) {
	raw, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		return Source{}, err
	}
	var template struct {
		Resources map[string]struct {
			Type       string    `yaml:"Type"`
			Properties yaml.Node `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(raw, &template); err != nil {
		return Source{}, fmt.Errorf("template.yaml: %w", err)
	}
	s := Source{root: root, folders: map[string]string{}}
	for id, resource := range template.Resources {
		var properties struct {
			CodeURI string `yaml:"CodeUri"`
		}
		if resource.Type == "AWS::Serverless::Function" && resource.Properties.Decode(&properties) == nil {
			s.folders[filepath.Base(properties.CodeURI)] = id
		}
	}
	return s, nil
}

// function is the logical id of a folder's function.
func (s Source) function(folder string) (string, error) {
	id, ok := s.folders[folder]
	if ok {
		return id, nil
	}
	names := strings.Join(slices.Sorted(maps.Keys(s.folders)), ", ")
	if folder == "" {
		return "", fmt.Errorf("say which function, as FUNCTION=webhook; there are %s", names)
	}
	return "", fmt.Errorf("there is no function %q; there are %s", folder, names)
}

// event reads an event's file.
func (s Source) event(folder, file string) ([]byte, error) {
	if file != "" {
		path := file
		if !filepath.IsAbs(path) {
			path = filepath.Join(s.root, path)
		}
		raw, err := os.ReadFile(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return raw, err
		}
	}
	samples, err := s.samples()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, sample := range samples[folder] {
		names = append(names, "EVENT="+sample)
	}
	is := "there is no file " + file
	if file == "" {
		is = "say which event"
	}
	return nil, fmt.Errorf("%s; samples for %s: %s", is, folder, strings.Join(names, ", "))
}

// samples lists the files in events/ by function.
func (s Source) samples() (map[string][]string, error) {
	files, err := filepath.Glob(filepath.Join(s.root, "events", "*.json"))
	if err != nil {
		return nil, err
	}
	samples := map[string][]string{}
	for _, file := range files {
		folder := s.SampleOf(filepath.Base(file))
		samples[folder] = append(samples[folder], "events/"+filepath.Base(file))
	}
	return samples, nil
}

// SampleOf is the function that a file in events/ is for: it has the function's
// name, and may go on after a dash or two: events/webhook-17.json. It is empty
// for a file of no function.
func (s Source) SampleOf(file string) string {
	name, of := strings.TrimSuffix(file, ".json"), ""
	for folder := range s.folders {
		if (name == folder || strings.HasPrefix(name, folder+"-")) && len(folder) > len(of) {
			of = folder
		}
	}
	return of
}
