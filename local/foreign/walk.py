"""Walks a TikTok Shop through a client that nobody here wrote.

The client is the PyPI package tiktok-shop-api, generated from the Partner
Center pages. Only its base URLs are changed. Standard input is a JSON object:

    api, auth          base URLs of operations and of the token endpoints
    consent            account kind -> base URL of its consent pages
    redirect_url       where the consent pages send the browser
    app_key, app_secret, service_id (account kind -> id)
    accounts           account kind -> who consents
    new_product        a product of the seller that no open collaboration has
    open_product       a product that an open collaboration has
    campaign_start     Unix seconds, in the future

Every step prints one line: a result, a blank, the step, a blank and what there
is to say. The results are ok, refused (TikTok Shop said no: its code), and
wrong (the answer is not what the description of the operation says).
"""

import json
import sys
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import attrs
import httpx
from tiktok_shop_api import TikTokShop, TikTokShopAuth, TikTokShopError
from tiktok_shop_api.generated import models

setup = json.load(sys.stdin)


class Wrong(Exception):
    """The answer is not what it should be."""


def expect(fits, *said):
    if not fits:
        raise Wrong(" ".join(str(part) for part in said))


def undescribed(value, where=""):
    """The paths of fields in a parsed answer that the description does not have."""
    if isinstance(value, list):
        for item in value:
            yield from undescribed(item, where + "[]")
    elif attrs.has(type(value)):
        for name in getattr(value, "additional_properties", {}):
            yield f"{where}.{name}"
        for field in attrs.fields(type(value)):
            if field.name != "additional_properties":
                yield from undescribed(getattr(value, field.name), f"{where}.{field.name}")


def step(name, act, check=lambda data: None):
    """Calls the operation and returns the data of its answer, {} when it failed."""
    try:
        answer = act()
        unknown = sorted(set(undescribed(answer)))
        expect(not unknown, "fields nobody described:", *unknown)
        data = answer.to_dict().get("data", {})
        try:
            check(data)
        except (Wrong, LookupError, TypeError, ValueError) as e:
            raise Wrong(f"{e!r} in {json.dumps(data)}") from e
    except TikTokShopError as e:
        print("refused" if e.code > 0 else "wrong", name, e.code if e.code > 0 else "", e.message, flush=True)
    except (Wrong, LookupError, TypeError, ValueError) as e:
        print("wrong", name, e, flush=True)
    else:
        print("ok", name, json.dumps(data)[:200], flush=True)
        return data
    return {}


def some(*path):
    """A check that there is a non-empty value at a path of fields and positions."""

    def check(data):
        for part in path:
            data = data[part]
        expect(data not in ("", [], {}, None), "nothing at", path)

    return check


def first(data, *path, default=""):
    for part in path:
        try:
            data = data[part]
        except (LookupError, TypeError):
            return default
    return data


# Consent, as a browser does it.


class Form(HTMLParser):
    """The first form of a page: where it goes and what a click on Allow sends."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields = "", []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form":
            self.action = self.action or given["action"]
        elif tag == "input" and given.get("type") != "radio":
            self.fields.append((given["name"], given["value"]))


def consent(kind):
    """Goes from the client's authorization URL to tokens, and renews them."""
    name = f"authorize {kind}"
    try:
        auth = TikTokShopAuth(setup["app_key"], setup["app_secret"], setup["service_id"].get(kind), base_url=setup["auth"])
        real = urlsplit(auth.authorization_url(type=kind, region="us", state="state-of-" + kind))
        page = setup["consent"][kind] + real.path + "?" + real.query
        with httpx.Client() as browser:
            form = Form(browser.get(page).raise_for_status().text)
            sent = dict(account=setup["accounts"][kind], decision="allow")
            for field, value in form.fields:
                sent.setdefault(field, []).append(value)
            back = browser.post(urljoin(page, form.action), data=sent)
        location = back.headers.get("location", "")
        expect(location.startswith(setup["redirect_url"] + "?"), "the browser is sent to", location or back.text)
        query = parse_qs(urlsplit(location).query)
        expect(query.get("state") == ["state-of-" + kind], "the state did not come back:", query)
        tokens = auth.exchange_code(query["code"][0])
        expect(tokens.user_type == {"seller": 0, "creator": 1, "partner": 3}[kind], "user type", tokens.user_type)
        expect(tokens.granted_scopes and tokens.open_id, "no scopes or no open id")
        try:
            auth.exchange_code(query["code"][0])
        except TikTokShopError as e:
            expect(e.code == 36004004, "a used code gave", repr(e))
        else:
            raise Wrong("a code worked twice")
        renewed = auth.refresh(tokens.refresh_token)
        expect(renewed.open_id == tokens.open_id, "another user after the refresh")
    except (TikTokShopError, httpx.HTTPError, Wrong, LookupError) as e:
        print("wrong", name, repr(e), flush=True)
        sys.exit(0)  # nothing below can work
    print("ok", name, len(renewed.granted_scopes), "scopes", flush=True)
    return TikTokShop(setup["app_key"], setup["app_secret"], renewed.access_token, base_url=setup["api"])


seller_client, creator_client, partner_client = consent("seller"), consent("creator"), consent("partner")

shops = step("get_authorized_shops", seller_client.authorization.get_authorized_shops, some("shops", 0, "cipher"))
assets = step("get_authorized_category_assets", partner_client.authorization.get_authorized_category_assets, some("category_assets", 0, "cipher"))
seller = seller_client.with_shop(shop_cipher=first(shops, "shops", 0, "cipher")).affiliate_seller
creator = creator_client.affiliate_creator
partner, cipher = partner_client.affiliate_partner, first(assets, "category_assets", 0, "cipher")

# Creator: who they are and what they see.

profile = step("get_creator_profile", creator.get_creator_profile, some("creator_user_open_id"))
open_id = first(profile, "creator_user_open_id")
step(
    "search_open_collaboration_products",
    lambda: creator.search_open_collaboration_products(page_size=20, body=models.SearchOpenCollaborationProductsRequest.from_dict({"title_keywords": ["a"]})),
    some("products", 0, "commission", "rate"),
)
step(
    "add_showcase_products",
    lambda: creator.add_showcase_products(body=models.AddShowcaseProductsRequest.from_dict({"add_type": "PRODUCT_ID", "product_ids": [setup["open_product"]]})),
    lambda data: expect(not data.get("errors"), "not added"),
)
step(
    "get_showcase_products",
    lambda: creator.get_showcase_products(page_size=20, origin="SHOWCASE"),
    lambda data: expect(setup["open_product"] in [product["id"] for product in data["products"]], "the added product is not there"),
)
step("search_creator_affiliate_orders", lambda: creator.search_creator_affiliate_orders(page_size=20), some("orders", 0, "skus", 0, "product_id"))

# Seller: collaborations, creators and orders.

step("seller_search_open_collaboration_products", lambda: seller.seller_search_open_collaboration_products(page_size=20), some("products", 0, "id"))
step(
    "edit_open_collaboration_settings",
    lambda: seller.edit_open_collaboration_settings(
        body=models.EditOpenCollaborationSettingsRequest.from_dict({"auto_add_product": {"enable": False, "commission_rate": 1200}})
    ),
)
opened = step(
    "create_open_collaboration",
    lambda: seller.create_open_collaboration(
        body=models.CreateOpenCollaborationRequest.from_dict({"product_id": setup["new_product"], "commission_rate": 1250})
    ),
    some("open_collaboration", "id"),
)
step(
    "remove_creator_from_open_collaboration_product",
    lambda: seller.remove_creator_from_open_collaboration_product(
        first(opened, "open_collaboration", "id", default="0"),
        body=models.RemoveCreatorFromOpenCollaborationProductRequest.from_dict({"creator_user_open_id": open_id, "product_id": setup["new_product"]}),
    ),
)
step(
    "create_target_collaboration",
    lambda: seller.create_target_collaboration(
        body=models.CreateTargetCollaborationRequest.from_dict({
            "name": "Walk", "message": "Come and see.", "end_time": str(setup["campaign_start"] + 30 * 86400),
            "products": [{"id": setup["new_product"], "target_commission_rate": 2000}],
            "creator_user_open_ids": [open_id], "seller_contact_info": {"email": "walk@shops.example"},
            "free_sample_rule": {"has_free_sample": False, "is_sample_approval_exempt": False},
        })
    ),
    some("target_collaboration", "id"),
)
found = step(
    "search_creators_in_creator_marketplace",
    lambda: seller.search_creators_in_creator_marketplace(page_size=20),
    some("creators", 0, "creator_open_id"),
)
step(
    "get_marketplace_creator_performance",
    lambda: seller.get_marketplace_creator_performance(first(found, "creators", 0, "creator_open_id", default="0")),
    some("creator"),
)
step("search_seller_affiliate_orders", lambda: seller.search_seller_affiliate_orders(page_size=20), some("orders", 0, "skus", 0, "product_id"))
step(
    "generate_affiliate_product_promotion_link",
    lambda: seller.generate_affiliate_product_promotion_link(setup["open_product"]),
)

# The creator again: the seller's invitation has arrived.

step(
    "search_creator_target_collaborations",
    lambda: creator.search_creator_target_collaborations(
        page_size=20, body=models.SearchCreatorTargetCollaborationsRequest.from_dict({"shop_id": first(shops, "shops", 0, "id")})
    ),
    some("target_collaborations", 0, "id"),
)

# Partner: a campaign of its own, then one that runs.

start = setup["campaign_start"]
created = step(
    "create_affiliate_partner_campaign",
    lambda: partner.create_affiliate_partner_campaign(
        category_asset_cipher=cipher,
        body=models.CreateAffiliatePartnerCampaignRequest.from_dict({
            "name": "Walk", "description": "Made by the walk.", "campaign_start_time": start, "campaign_end_time": start + 30 * 86400,
            "registration_start_time": start, "registration_end_time": start + 10 * 86400, "commission_rate": 1500,
            "contact_info": {"email": "walk@partners.example"}, "target_seller_types": ["LOCAL", "CROSS_BORDER"],
        }),
    ),
    some("campaign_id"),
)
own = first(created, "campaign_id", default="0")
step(
    "edit_affiliate_partner_campaign",
    lambda: partner.edit_affiliate_partner_campaign(
        own, category_asset_cipher=cipher, body=models.EditAffiliatePartnerCampaignRequest.from_dict({"name": "Walk on"})
    ),
)
step("publish_affiliate_partner_campaign", lambda: partner.publish_affiliate_partner_campaign(own, category_asset_cipher=cipher))
step(
    "get_affiliate_partner_campaign_detail",
    lambda: partner.get_affiliate_partner_campaign_detail(own, category_asset_cipher=cipher),
    lambda data: expect(data["name"] == "Walk on", "the edit is not there"),
)
campaigns = step(
    "get_affiliate_partner_campaign_list",
    lambda: partner.get_affiliate_partner_campaign_list(category_asset_cipher=cipher, page_size=20, status="ONGOING"),
    some("campaigns", 0, "id"),
)
running = first(campaigns, "campaigns", 0, "id", default="0")
pending = step(
    "get_affiliate_partner_campaign_product_list",
    lambda: partner.get_affiliate_partner_campaign_product_list(running, category_asset_cipher=cipher, page_size=20, review_status="PENDING"),
    some("products", 0, "id"),
)
product = first(pending, "products", 0, "id", default="0")
step(
    "review_affiliate_partner_campaign_product",
    lambda: partner.review_affiliate_partner_campaign_product(
        running, product, category_asset_cipher=cipher, body=models.ReviewAffiliatePartnerCampaignProductRequest.from_dict({"review_result": "APPROVE"})
    ),
)
step(
    "generate_affiliate_partner_campaign_product_link",
    lambda: partner.generate_affiliate_partner_campaign_product_link(
        running, product, category_asset_cipher=cipher,
        body=models.GenerateAffiliatePartnerCampaignProductLinkRequest.from_dict({"creator_commission_rate": 500}),
    ),
    some("product_promotion_link"),
)
step(
    "generate_campaign_product_promotion_links_in_batch",
    lambda: partner.generate_campaign_product_promotion_links_in_batch(
        running, category_asset_cipher=cipher, body=models.GenerateCampaignProductPromotionLinksInBatchRequest.from_dict({"product_ids": [product]})
    ),
    some("product_promotion_links", 0, "link"),
)
