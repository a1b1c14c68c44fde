package tiktokshop_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/contract"
	"tiktok-shop-affiliate/shared/tiktokshop"
)

func ids(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint(1_729_592_969_712_207_000 + i)
	}
	return list
}

// TestLimitsAreKeptBeforeTheCall: what breaks a documented limit is refused
// with field, value and rule, and nothing is sent.
func TestLimitsAreKeptBeforeTheCall(t *testing.T) {
	t.Parallel()
	target := func(change func(*tiktokshop.SellerCreateTargetCollaborationRequest)) tiktokshop.SellerCreateTargetCollaborationRequest {
		req := tiktokshop.SellerCreateTargetCollaborationRequest{
			Name: "Spring", EndTime: 1_800_000_000, CreatorUserOpenIDs: ids(1), Products: []tiktokshop.NewTargetProduct{{ID: "1", TargetCommissionRate: 1500}},
		}
		change(&req)
		return req
	}
	campaign := func(change func(*tiktokshop.PartnerCreateCampaignRequest)) tiktokshop.PartnerCreateCampaignRequest {
		req := tiktokshop.PartnerCreateCampaignRequest{
			Name: "Spring", Description: "For spring", CommissionRate: 2000, ContactInfo: tiktokshop.NewCampaignContact{Email: "a@example.com"},
			CampaignStartTime: 1_800_000_000, CampaignEndTime: 1_800_000_000 + 30*86400, RegistrationStartTime: 1_800_000_000, RegistrationEndTime: 1_800_000_000 + 7*86400,
			TargetSellerTypes: []tiktokshop.SellerType{tiktokshop.SellerTypeLocal},
		}
		change(&req)
		return req
	}
	type clients struct {
		seller  *tiktokshop.Seller
		creator *tiktokshop.Creator
		partner *tiktokshop.Partner
	}
	for name, tc := range map[string]struct {
		call func(clients) error
		want string
	}{
		"51 products for links": {func(c clients) error {
			_, err := c.partner.PromotionLinks(t.Context(), tiktokshop.PartnerPromotionLinksRequest{CampaignID: "1", ProductIDs: ids(51)})
			return err
		}, "product_ids has 51 entries: it must have 1 to 50"},
		"51 creators": {func(c clients) error {
			_, err := c.seller.CreateTargetCollaboration(t.Context(), target(func(r *tiktokshop.SellerCreateTargetCollaborationRequest) { r.CreatorUserOpenIDs = ids(51) }))
			return err
		}, "creator_user_open_ids has 51 entries: it must have 1 to 50"},
		"101 products": {func(c clients) error {
			_, err := c.seller.CreateTargetCollaboration(t.Context(), target(func(r *tiktokshop.SellerCreateTargetCollaborationRequest) {
				r.Products = make([]tiktokshop.NewTargetProduct, 101)
			}))
			return err
		}, "products has 101 entries: it must have 1 to 100"},
		"rate of one product": {func(c clients) error {
			_, err := c.seller.CreateTargetCollaboration(t.Context(), target(func(r *tiktokshop.SellerCreateTargetCollaborationRequest) { r.Products[0].TargetCommissionRate = 8001 }))
			return err
		}, "target_commission_rate is 8001: it must be 100 to 8000"},
		"21 showcase ids": {func(c clients) error {
			_, err := c.creator.AddShowcaseProducts(t.Context(), tiktokshop.CreatorAddShowcaseProductsRequest{AddType: tiktokshop.ShowcaseAddTypeProductID, ProductIDs: ids(21)})
			return err
		}, "product_ids has 21 entries: it must have 0 to 20"},
		"a link and ids": {func(c clients) error {
			_, err := c.creator.AddShowcaseProducts(t.Context(), tiktokshop.CreatorAddShowcaseProductsRequest{AddType: tiktokshop.ShowcaseAddTypeProductLink, ProductLink: "https://example.com", ProductIDs: ids(1)})
			return err
		}, "add_type is PRODUCT_LINK: one product_link and no product_ids must be given"},
		"201 to remove": {func(c clients) error {
			_, err := c.creator.RemoveShowcaseProducts(t.Context(), tiktokshop.CreatorRemoveShowcaseProductsRequest{ProductIDs: ids(201)})
			return err
		}, "product_ids has 201 entries: it must have 1 to 200"},
		"21 keywords": {func(c clients) error {
			_, err := c.creator.SearchOpenProducts(t.Context(), tiktokshop.CreatorSearchOpenProductsRequest{PageSize: 20, TitleKeywords: ids(21)})
			return err
		}, "title_keywords has 21 entries: it must have 0 to 20"},
		"a long keyword": {func(c clients) error {
			_, err := c.seller.SearchOpenProducts(t.Context(), tiktokshop.SellerSearchOpenProductsRequest{PageSize: 20, TitleKeywords: []string{strings.Repeat("a", 256)}})
			return err
		}, "title_keywords has 256 characters: it must have 1 to 255"},
		"page size 0": {func(c clients) error {
			_, err := c.creator.ShowcaseProducts(t.Context(), tiktokshop.CreatorShowcaseProductsRequest{Origin: tiktokshop.ShowcaseOriginShowcase})
			return err
		}, "page_size is 0: it must be 1 to 20"},
		"page size 30 of target collaborations": {func(c clients) error {
			_, err := c.seller.SearchTargetCollaborations(t.Context(), tiktokshop.SellerSearchTargetCollaborationsRequest{PageSize: 30, CollaborationStatus: tiktokshop.CollaborationFilterValid})
			return err
		}, `page_size is "30": it must be one of 20, 50, 100`},
		"rate 50": {func(c clients) error {
			_, err := c.seller.CreateOpenCollaboration(t.Context(), tiktokshop.SellerCreateOpenCollaborationRequest{ProductID: "1", CommissionRate: 50})
			return err
		}, "commission_rate is 50: it must be 100 to 8000"},
		"registration starts later": {func(c clients) error {
			_, err := c.partner.CreateCampaign(t.Context(), campaign(func(r *tiktokshop.PartnerCreateCampaignRequest) { r.RegistrationStartTime++ }))
			return err
		}, "registration_start_time is 1800000001: it must equal campaign_start_time, 1800000000"},
		"campaign of 361 days": {func(c clients) error {
			_, err := c.partner.CreateCampaign(t.Context(), campaign(func(r *tiktokshop.PartnerCreateCampaignRequest) {
				r.CampaignEndTime = r.CampaignStartTime + 361*86400
			}))
			return err
		}, "campaign_end_time is 8664h0m0s after campaign_start_time: it must be 1 to 360 days"},
		"registration of an hour": {func(c clients) error {
			_, err := c.partner.CreateCampaign(t.Context(), campaign(func(r *tiktokshop.PartnerCreateCampaignRequest) {
				r.RegistrationEndTime = r.RegistrationStartTime + 3600
			}))
			return err
		}, "registration_end_time is 1800003600: it must be at least a day after registration_start_time, 1800000000"},
		"name of 51 characters": {func(c clients) error {
			_, err := c.partner.CreateCampaign(t.Context(), campaign(func(r *tiktokshop.PartnerCreateCampaignRequest) { r.Name = strings.Repeat("é", 51) }))
			return err
		}, "name has 51 characters: it must have 1 to 50"},
		"shops and kinds of sellers": {func(c clients) error {
			_, err := c.partner.CreateCampaign(t.Context(), campaign(func(r *tiktokshop.PartnerCreateCampaignRequest) { r.TargetShopCodes = ids(1) }))
			return err
		}, "exactly one of target_seller_types and target_shop_codes is needed"},
		"an edit of name alone starts with a space": {func(c clients) error {
			return c.partner.EditCampaign(t.Context(), tiktokshop.PartnerEditCampaignRequest{CampaignID: "1", Name: " Spring"})
		}, "name starts with a space"},
		"rejection without a reason": {func(c clients) error {
			return c.seller.ReviewSample(t.Context(), tiktokshop.SellerReviewSampleRequest{ApplicationID: "1", ReviewResult: tiktokshop.SampleReviewReject})
		}, "reject_reason is empty: it is required with REJECT"},
		"both kinds of views": {func(c clients) error {
			_, err := c.seller.SearchCreators(t.Context(), tiktokshop.SellerSearchCreatorsRequest{PageSize: 20, ContentPerformance: &tiktokshop.ContentFilter{AvgVideoViews: "1", AvgShoppableVideoViews: "1"}})
			return err
		}, "only one of avg_video_views and avg_shoppable_video_views can be given"},
		"a file that is too large": {func(c clients) error {
			_, err := c.seller.UploadMedia(t.Context(), tiktokshop.SellerUploadMediaRequest{Data: tiktokshop.File{Name: "a.png", Size: 10<<20 + 1, Body: strings.NewReader("")}})
			return err
		}, "data has 10485761 bytes: it must have 1 to 10485760"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &script{}
			client := newClient(t, s)
			err := fails(t, tc.call(clients{
				client.Seller(&grant{kind: tiktokshop.SellerAccount}, "c"), client.Creator(&grant{kind: tiktokshop.CreatorAccount}), client.Partner(&grant{kind: tiktokshop.PartnerAccount}, "c"),
			}))
			assert.Equal(t, tiktokshop.Refused, err.Kind)
			assert.Equal(t, tc.want, err.Message)
			assert.Empty(t, s.got)
		})
	}
}

// TestSecondEnvelopes: an outer code of 0 does not prove success.
func TestSecondEnvelopes(t *testing.T) {
	t.Parallel()
	target := tiktokshop.SellerCreateTargetCollaborationRequest{
		Name: "Spring", EndTime: 1_800_000_000, CreatorUserOpenIDs: ids(1), Products: []tiktokshop.NewTargetProduct{{ID: "1", TargetCommissionRate: 1500}},
	}
	for name, tc := range map[string]struct {
		data string
		call func(*tiktokshop.Client) error
		kind tiktokshop.ErrorKind
		want string
	}{
		"target collaboration with a conflict": {
			`{"target_collaboration_conflicts":[{"creator_user_open_id":"a","product_id":"1"}]}`,
			func(c *tiktokshop.Client) error {
				data, err := c.Seller(&grant{kind: tiktokshop.SellerAccount}, "c").CreateTargetCollaboration(t.Context(), target)
				assert.Len(t, data.TargetCollaborationConflicts, 1, "what failed comes with the error")
				return err
			},
			tiktokshop.Conflicting, "nothing was created: 1 conflicts, 0 invalid creators, 0 invalid products",
		},
		"target collaboration with an invalid creator": {
			`{"invalid_open_id_list":["a"],"target_collaboration":{"id":""}}`,
			func(c *tiktokshop.Client) error {
				_, err := c.Seller(&grant{kind: tiktokshop.SellerAccount}, "c").CreateTargetCollaboration(t.Context(), target)
				return err
			},
			tiktokshop.Conflicting, "nothing was created: 0 conflicts, 1 invalid creators, 0 invalid products",
		},
		"target collaboration without an id": {
			`{}`,
			func(c *tiktokshop.Client) error {
				_, err := c.Seller(&grant{kind: tiktokshop.SellerAccount}, "c").CreateTargetCollaboration(t.Context(), target)
				return err
			},
			tiktokshop.OutcomeUnknown, "the answer has no id",
		},
		"update that failed in part": {
			`{"update_failed":{"remove_product_ids":["1"],"name":"Spring"}}`,
			func(c *tiktokshop.Client) error {
				_, err := c.Seller(&grant{kind: tiktokshop.SellerAccount}, "c").UpdateTargetCollaboration(t.Context(), tiktokshop.SellerUpdateTargetCollaborationRequest{
					TargetCollaborationID: "1", Name: "Spring", EndTime: 1, CreatorUserOpenIDs: ids(1), SellerContactInfo: tiktokshop.ChangedSellerContact{Email: "a@example.com"},
					Products: []tiktokshop.ChangedTargetProduct{{ID: "1", CommissionRate: 100}},
				})
				return err
			},
			tiktokshop.Conflicting, "not everything was updated: 0 conflicts, 2 changes not made",
		},
		"showcase without one product": {
			`{"errors":[{"code":16001001,"message":"no collaboration","detail":{"product_id":7}}]}`,
			func(c *tiktokshop.Client) error {
				_, err := c.Creator(&grant{kind: tiktokshop.CreatorAccount}).AddShowcaseProducts(t.Context(), tiktokshop.CreatorAddShowcaseProductsRequest{AddType: tiktokshop.ShowcaseAddTypeProductID, ProductIDs: ids(2)})
				return err
			},
			tiktokshop.Conflicting, "1 products were not added, first 7: no collaboration",
		},
		"showcase removal with an inner code": {
			`{"code":105005,"message":"no permission","request_id":"inner"}`,
			func(c *tiktokshop.Client) error {
				_, err := c.Creator(&grant{kind: tiktokshop.CreatorAccount}).RemoveShowcaseProducts(t.Context(), tiktokshop.CreatorRemoveShowcaseProductsRequest{ProductIDs: ids(2)})
				return err
			},
			tiktokshop.MissingScope, "no permission",
		},
		"links without a reason": {
			`{"failed_product_ids":["1"]}`,
			func(c *tiktokshop.Client) error {
				data, err := c.Partner(&grant{kind: tiktokshop.PartnerAccount}, "c").PromotionLinks(t.Context(), tiktokshop.PartnerPromotionLinksRequest{CampaignID: "1", ProductIDs: ids(2)})
				require.NoError(t, err, "the other links are good")
				return data.Err()
			},
			tiktokshop.Conflicting, "1 products have no link, first 1",
		},
		"links with a reason": {
			`{"failed_materials":[{"material_id":"1","fail_reason":"not in the campaign"}]}`,
			func(c *tiktokshop.Client) error {
				data, err := c.Creator(&grant{kind: tiktokshop.CreatorAccount}).GeneralLinks(t.Context(), tiktokshop.CreatorGeneralLinksRequest{Material: tiktokshop.LinkMaterial{Type: "PRODUCT", IDs: ids(2)}})
				require.NoError(t, err)
				return data.Err()
			},
			tiktokshop.Conflicting, "1 products have no link, first 1: not in the campaign",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, &script{answers: []answer{{body: `{"code":0,"message":"Success","request_id":"r","data":` + tc.data + `}`}}})
			err := fails(t, tc.call(client))
			assert.Equal(t, tc.kind, err.Kind)
			assert.Contains(t, err.Message, tc.want)
		})
	}
}

func TestSpellingsOfThePlatform(t *testing.T) {
	t.Parallel()
	products := `{"code":0,"data":{"products":[{"added_status":"ADDABLE\n"},{"added_status":"ADDED"}]}}`
	images := `{"code":0,"data":{"products":[{"main_images":[{"heigth":"720","url":"u","width":1280}]}]}}`
	s := &script{answers: []answer{{body: products}, {body: images}, {body: `{"code":0,"data":{}}`}, {body: `{"code":0,"data":{}}`}}}
	client := newClient(t, s)
	creator, seller := client.Creator(&grant{kind: tiktokshop.CreatorAccount}), client.Seller(&grant{kind: tiktokshop.SellerAccount}, "c")

	shop, err := creator.ShopProducts(t.Context(), tiktokshop.CreatorShopProductsRequest{PageSize: 1})
	require.NoError(t, err)
	assert.True(t, shop.Products[0].Addable())
	assert.False(t, shop.Products[1].Addable())

	showcase, err := creator.ShowcaseProducts(t.Context(), tiktokshop.CreatorShowcaseProductsRequest{PageSize: 1, Origin: tiktokshop.ShowcaseOriginShowcase})
	require.NoError(t, err)
	assert.Equal(t, tiktokshop.Int(720), showcase.Products[0].MainImages[0].Height)

	_, err = seller.MarkRead(t.Context(), tiktokshop.SellerMarkReadRequest{ConversationIDs: ids(1)})
	require.NoError(t, err)
	assert.Equal(t, "/affiliate_seller/202412/conversatons/read", s.got[2].req.URL.Path)

	_, err = seller.SearchSamples(t.Context(), tiktokshop.SellerSearchSamplesRequest{PageSize: 1, CreatorUserOpenID: "a", TargetCollaborationID: "b"})
	require.NoError(t, err)
	assert.JSONEq(t, `{"creator_user_oepn_id":"a","target_collabration_id":"b"}`, s.got[3].body)
}

// TestCreatorSearchPages: the search key goes with the page token.
func TestCreatorSearchPages(t *testing.T) {
	t.Parallel()
	s := &script{answers: []answer{
		{body: `{"code":0,"data":{"creators":[{"username":"a"}],"next_page_token":"t","search_key":"k"}}`},
		{body: `{"code":0,"data":{"creators":[{"username":"b"}],"next_page_token":"","search_key":"k"}}`},
	}}
	seller := newClient(t, s).Seller(&grant{kind: tiktokshop.SellerAccount}, "c")
	found := 0
	for page, err := range tiktokshop.Pages(t.Context(), tiktokshop.SellerSearchCreatorsRequest{PageSize: 20, Keyword: "x"}, seller.SearchCreators) {
		require.NoError(t, err)
		found += len(page.Creators)
	}
	assert.Equal(t, 2, found)
	assert.Equal(t, "t", s.got[1].req.URL.Query().Get("page_token"))
	assert.JSONEq(t, `{"keyword":"x","search_key":"k"}`, s.got[1].body)
}

// TestSunsetsAreInTheCoverage: what is announced is not called, unless TikTok
// Shop's answer decides.
func TestSunsetsAreInTheCoverage(t *testing.T) {
	t.Parallel()
	overrides, err := contract.LoadOverrides()
	require.NoError(t, err)
	status := map[string]string{}
	for _, o := range overrides.Operations {
		status[o.Op] = o.Status
	}
	for _, o := range overrides.Others {
		status[o.Op] = o.Status
	}
	for _, s := range tiktokshop.Sunsets() {
		assert.NotEmpty(t, status[s.Method+" "+s.Path], "%s %s", s.Method, s.Path)
		for _, name := range s.Alternatives {
			assert.Contains(t, fmt.Sprint(overrides.Operations), name)
		}
	}
}
