package app_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/app"
	"tiktok-shop-affiliate/shared/fault"
	"tiktok-shop-affiliate/shared/redact"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

const one = `{"apps":[{"name":"main","key":"test-key","secret":"test-app-value","seller_service_id":"7001","partner_service_id":"7002","portal":"us","accounts":["seller","creator","partner"]}]}`

const two = `{"apps":[{"name":"us","key":"k1","secret":"test-app-value","seller_service_id":"1","portal":"us","accounts":["seller"]},
 {"name":"world","key":"k2","secret":"test-app-value","portal":"row","accounts":["creator"]}]}`

type fixed string

func (f *fixed) Value(context.Context) (redact.Secret, error) { return redact.New(string(*f)), nil }
func (f *fixed) Reload(context.Context) (bool, error)         { return false, nil }

func TestParse(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		text     string
		mentions []string // empty: it is fine
	}{
		"one app":             {one, nil},
		"two apps":            {two, nil},
		"placeholder":         {`{"apps":[]}`, []string{"no app"}},
		"not JSON":            {`test-app-value`, []string{"JSON"}},
		"unknown field":       {`{"apps":[{"nane":"main"}]}`, []string{"JSON"}},
		"every fault at once": {`{"apps":[{"name":"Main!","key":"","secret":"test-app-value","portal":"eu","accounts":["buyer","seller"]}]}`, []string{".name", "key and secret", ".portal", "unknown kind", "service id of seller"}},
		"same name twice":     {`{"apps":[{"name":"a","key":"k","secret":"s","portal":"us","accounts":["creator"]},{"name":"a","key":"k","secret":"s","portal":"us","accounts":["creator"]}]}`, []string{"apps[1].name"}},
		"no account kind":     {`{"apps":[{"name":"a","key":"k","secret":"s","portal":"us","accounts":[]}]}`, []string{".accounts"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			apps, err := app.Parse(redact.New(c.text))
			if c.mentions == nil {
				require.NoError(t, err)
				assert.NotEmpty(t, apps)
				return
			}
			require.Error(t, err)
			for _, mention := range c.mentions {
				require.ErrorContains(t, err, mention)
			}
			assert.NotContains(t, err.Error(), "test-app-value")
		})
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	source := fixed(one)
	registry := app.NewRegistry(&source)

	only, err := registry.Find(t.Context(), "")
	require.NoError(t, err)
	assert.Equal(t, "main", only.Name)
	assert.Equal(t, "7002", only.ServiceID(tiktokshop.PartnerAccount))
	assert.True(t, only.Serves(tiktokshop.CreatorAccount))
	assert.Equal(t, "test-app-value", only.Signing().Secret.Reveal())

	source = two // the secret was changed
	world, err := registry.Find(t.Context(), "world")
	require.NoError(t, err)
	assert.Equal(t, "k2", world.Key)
	for _, name := range []string{"", "main"} {
		_, err = registry.Find(t.Context(), name)
		assert.Equal(t, fault.NotFound, fault.KindOf(err), name)
	}
}
