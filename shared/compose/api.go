package compose

import "tiktok-shop-affiliate/shared/serve"

// API is serve.API for functions that embed TikTok as well.
type API = serve.API
