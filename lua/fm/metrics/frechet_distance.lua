-- |m - m'|^2 + tr(A + B - 2 (A B)^1/2) with sample means and covariances (n - 1). Heusel et al. 2017, on whatever features are given.
return require("fm.core").measure.frechet
