package dynamo

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/link"
)

func TestLinksAreKeptPerOwner(t *testing.T) {
	t.Parallel()
	links := NewLinks(dynamodb.NewFromConfig(awstest.Config(t)), awstest.Tables(t).Records)
	l := link.Link{
		Ask: link.Ask{Purpose: link.CampaignProduct, CampaignID: "7", ProductID: "8", CreatorRate: 1200},
		Key: "k1", Owner: "acme", ConnectionID: "conn_1", Asset: "tap:main:partner:p1:7:US", URL: "https://link.example/1", MadeAt: reviewedAt,
	}
	_, found, err := links.Find(t.Context(), "acme", link.CampaignProduct, "k1")
	require.NoError(t, err)
	assert.False(t, found)

	require.NoError(t, links.Save(t.Context(), l))
	got, found, err := links.Find(t.Context(), "acme", link.CampaignProduct, "k1")
	require.NoError(t, err)
	require.True(t, found)
	assert.Equal(t, int64(1), got.Rev)
	l.Rev = 1
	assert.Equal(t, l, got)

	_, found, err = links.Find(t.Context(), "globex", link.CampaignProduct, "k1")
	require.NoError(t, err)
	assert.False(t, found, "another owner's")

	stale := l
	stale.Rev, stale.URL = 0, "https://link.example/2"
	require.NoError(t, links.Save(t.Context(), stale))
	got, _, err = links.Find(t.Context(), "acme", link.CampaignProduct, "k1")
	require.NoError(t, err)
	assert.Equal(t, "https://link.example/1", got.URL, "what another request stored meanwhile stays")

	l.URL, l.MadeAt = "https://link.example/3", reviewedAt.Add(time.Hour)
	require.NoError(t, links.Save(t.Context(), l))
	got, _, err = links.Find(t.Context(), "acme", link.CampaignProduct, "k1")
	require.NoError(t, err)
	assert.Equal(t, "https://link.example/3", got.URL)
	assert.Equal(t, int64(2), got.Rev)
}

func TestLinkChange(t *testing.T) {
	t.Parallel()
	item, err := nounItem(entityLink, linksPK("acme"), linkSK("creator_general", "k1"), link.Link{
		Ask: link.Ask{Purpose: link.CreatorGeneral, ProductID: "8"}, Key: strings.Repeat("0f", 16), Owner: "acme", ConnectionID: connection.NewID("acme", "main:creator:c1"),
		Asset: "creator:main:c1", URL: "https://link.example/1", MadeAt: reviewedAt, Rev: 1,
	})
	require.NoError(t, err)
	changes := linkChange(nil, item)
	require.Len(t, changes, 1)
	assert.Equal(t, "link.created", changes[0].Type)
	described(t, changes)
	assert.Equal(t, "acme", changes[0].Owner)
	assert.Equal(t, reviewedAt, changes[0].Time)
	assert.Empty(t, linkChange(item, nil), "a link that went away is no news")
}
